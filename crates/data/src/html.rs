//! The quality report as one HTML page: its style is in it, its histograms are drawn in it, and it
//! asks for no other file.

use crate::audit::{Bin, ColumnAudit};
use crate::report::QualityReport;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;\
    padding:0 1rem;color:#1d2733}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;\
    border-bottom:1px solid #dde3ea;vertical-align:top}td.n{text-align:right;\
    font-variant-numeric:tabular-nums}.bad{color:#a3261b;font-weight:600}\
    .columns{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:1.2rem}\
    figure{margin:0;padding:.8rem;border:1px solid #dde3ea;border-radius:6px}\
    figcaption b{font-size:1rem}svg{width:100%;height:auto;margin-top:.4rem}rect{fill:#3f72af}\
    text{font-size:9px;fill:#5b6876}";

/// Width and height of a histogram.
const SIZE: (f64, f64) = (300.0, 100.0);

pub(crate) fn page(report: &QualityReport) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Quality of {table}</title><style>{STYLE}</style></head><body>\
         <h1>Quality of {table}</h1><p>{}. This page quotes the provider's own values: it stays \
         with the provider.</p>",
        escaped(&report.summary()),
        table = escaped(&report.table)
    );
    for breach in &report.breaches {
        page.push_str(&format!(
            "<p class=\"bad\">Beyond the study's limits: {}</p>",
            escaped(breach)
        ));
    }
    let sources = report
        .sources
        .iter()
        .map(|source| vec![source.name.clone(), source.place.clone(), source.rows.to_string()]);
    table(&mut page, "Sources", &["name", "where", "rows"], sources.collect());
    page += "<h2>Columns</h2><div class=\"columns\">";
    report.columns.iter().for_each(|column| figure(&mut page, column));
    page += "</div>";
    let faults = report.faults.iter();
    let faults = faults.map(|f| vec![f.column.clone(), f.fault.clone(), f.rows.to_string()]);
    table(&mut page, "Faults", &["column", "fault", "rows"], faults.collect());
    let rejected = report.rejected.iter().map(|rejected| {
        let file = rejected.file.as_ref().map(|file| format!("{}, ", file.display()));
        let place =
            format!("{}{} {}", file.unwrap_or_default(), report.numbering.noun(), rejected.line);
        vec![place, rejected.column.clone(), rejected.reason.clone()]
    });
    table(&mut page, "Rejected values", &["where", "column", "reason"], rejected.collect());
    page + "</body></html>\n"
}

fn table(page: &mut String, title: &str, heads: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    page.push_str(&format!("<h2>{title}</h2><table><tr>{heads}</tr>"));
    for row in rows {
        let cell = |cell: &String| {
            let class = if cell.bytes().all(|b| b.is_ascii_digit()) { " class=\"n\"" } else { "" };
            format!("<td{class}>{}</td>", escaped(cell))
        };
        page.push_str(&format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>()));
    }
    *page += "</table>";
}

fn figure(page: &mut String, column: &ColumnAudit) {
    let unit = column.unit.as_ref().map(|unit| format!(", {}", escaped(unit))).unwrap_or_default();
    let name = escaped(&column.column);
    page.push_str(&format!("<figure><figcaption><b>{name}</b> ({}{unit})<br>", column.kind));
    page.push_str(&format!("{} values, {} missing", column.values, column.missing));
    if let Some(spread) = &column.spread {
        let [min, median, max] =
            [&spread.min, &spread.median, &spread.max].map(|text| escaped(text));
        page.push_str(&format!("<br>from {min} to {max}, median {median}"));
    }
    for (_, remark) in column.remarks() {
        page.push_str(&format!("<br><span class=\"bad\">{remark}</span>"));
    }
    *page += "</figcaption>";
    histogram(page, &column.histogram);
    *page += "</figure>";
}

fn histogram(page: &mut String, bins: &[Bin]) {
    let Some(most) = bins.iter().map(|bin| bin.rows).max().filter(|most| *most > 0) else { return };
    let (width, height) = SIZE;
    let step = width / bins.len() as f64;
    page.push_str(&format!("<svg viewBox=\"0 -10 {width} {}\" role=\"img\">", height + 24.0));
    for (i, Bin { from, rows }) in bins.iter().enumerate() {
        let tall = height * *rows as f64 / most as f64;
        page.push_str(&format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"><title>{}: {rows}</title></rect>",
                i as f64 * step,
                height - tall,
                (step - 1.0).max(0.5),
                escaped(from)
            ),
        );
    }
    // As many labels as there is room for.
    let every = bins.len().div_ceil(if bins.len() > 6 { 3 } else { 6 });
    for (i, bin) in bins.iter().enumerate().step_by(every) {
        let label: String = bin.from.chars().take(16).collect();
        page.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{}\">{}</text>",
            i as f64 * step,
            height + 11.0,
            escaped(&label)
        ));
    }
    page.push_str(&format!("<text x=\"0\" y=\"-2\">{most}</text></svg>"));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
