//! The tables of a trained network: how good it is, and all that is needed to use it.

mod scores;

use sharewell_analytics::models::{FARTHEST, Training};
use sharewell_study::{Label, Metric, Predicate, RowExpr, Table, Training as Asked};

use super::complete;
use super::sheet::{Entry, Sheet};
use crate::hidden::Predictor;
use crate::joint::standard_scales;
use crate::learning::{LabelColumn, Learning, Parts};
use crate::{Plan, Plot, ResultTable};

/// The records that have all that is learnt from.
pub(crate) fn examples(asked: &Asked, table: &Table) -> Option<Predicate> {
    let label = match &asked.label {
        Label::Class(_) => None,
        Label::Number(of) => Some(of),
    };
    let values: Vec<_> = asked.features.iter().chain(label).chain(&asked.also).collect();
    complete(&values, asked.filter.as_ref(), table)
}

/// How many records there were, the test, the inputs and the weights; or why there is nothing.
pub(crate) fn training(
    plan: &Plan,
    asked: &Asked,
    released: &dyn Fn(usize) -> Result<(f64, f64), String>,
    opened: &[i128],
) -> Vec<ResultTable> {
    let learning = plan.learning.as_ref().expect("a training is planned");
    let training = learning.training(plan.ring_bits()).expect("it was quoted in this ring");
    let of = Opened::of(learning.parts(), opened);
    let table = &plan.study().table;
    let mut records = Sheet::new("records", &["of", "records"]);
    let kinds = [
        Some("trained on"),
        learning.validation.map(|_| "validated on"),
        learning.test.map(|_| "tested on"),
    ];
    let counts: Vec<_> = (0..plan.outputs.len()).map(released).collect();
    for (kind, count) in kinds.into_iter().flatten().zip(&counts) {
        match count {
            Ok((count, _)) => records.row(vec![Entry::text(kind), Entry::Whole(*count)]),
            Err(reason) => records.row_without(vec![Entry::text(kind)], reason),
        }
    }
    let counted = |at: usize| counts[at].as_ref().map(|(count, _)| *count).map_err(String::clone);
    let sound = counted(0).and_then(|_| sound(learning, asked, table, &of));
    let mut sheets = vec![records];
    if learning.has(Metric::Loss) {
        let trained = sound.clone().and_then(|()| counted(0));
        let validated = learning.validation.map(|_| sound.clone().and_then(|()| counted(1)));
        let frac = training.scales().frac;
        let of_trained = ("trained on", trained, of.losses);
        let of_validated = validated.map(|n| ("validated on", n, of.validations));
        sheets.push(losses(asked, frac, [of_trained].into_iter().chain(of_validated)));
    }
    if learning.test.is_some() {
        let tested = sound.clone().and_then(|()| counted(plan.outputs.len() - 1));
        let scores =
            scores::Scores::of(learning, asked, table, (of.scores, training.scales().frac));
        sheets.extend(test(learning, asked, table, (tested.clone(), of.tested, &training)));
        sheets.extend(scores.sheets(learning, &tested));
    }
    sheets.push(inputs(
        learning,
        asked,
        table,
        (&sound, of.standard, standard_scales(learning, plan)),
    ));
    sheets.extend(output(learning, asked, table));
    sheets.push(weights(&training, (&sound, of.weights)));
    sheets.into_iter().map(Sheet::into_table).collect()
}

/// The opened integers by what they are.
struct Opened<'a> {
    beyond: &'a [i128],
    constant: &'a [i128],
    weights: &'a [i128],
    standard: &'a [i128],
    losses: &'a [i128],
    validations: &'a [i128],
    tested: &'a [i128],
    scores: &'a [i128],
}

impl<'a> Opened<'a> {
    fn of(parts: Parts, opened: &'a [i128]) -> Self {
        let (beyond, rest) = opened.split_at(parts.beyond);
        let (constant, rest) = rest.split_at(parts.constant);
        let (weights, rest) = rest.split_at(parts.weights);
        let (standard, rest) = rest.split_at(parts.standard);
        let (losses, rest) = rest.split_at(parts.losses);
        let (validations, rest) = rest.split_at(parts.validations);
        let (tested, scores) = rest.split_at(parts.tested);
        Self { beyond, constant, weights, standard, losses, validations, tested, scores }
    }
}

/// Or why nothing was learnt.
fn sound(learning: &Learning, asked: &Asked, table: &Table, of: &Opened<'_>) -> Result<(), String> {
    if let Some(at) = of.constant.iter().position(|of| *of != 0) {
        let name = asked.features[at].to_text(table);
        return Err(format!(
            "undefined: {name} varies by less than a thousandth of its agreed range; leave it out, \
             or narrow the range"
        ));
    }
    let Some(at) = of.beyond.iter().position(|of| *of != 0) else { return Ok(()) };
    let matrix = learning.network.weights()[at];
    Err(format!(
        "undefined: the weights of layer {} ({}) ran away; take a smaller learning_rate, or \
         weight_decay",
        matrix.layer, matrix.name
    ))
}

fn number(x: i128, frac_bits: u32) -> f64 {
    x as f64 / f64::from(frac_bits).exp2()
}

type Losses<'a> = (&'static str, Result<f64, String>, &'a [i128]);

/// The mean loss in each epoch, and what was lost after it.
fn losses<'a>(asked: &Asked, frac: u32, of: impl Iterator<Item = Losses<'a>>) -> Sheet {
    let mut sheet = Sheet::new("epochs", &["of", "epoch", "learning rate", "loss"])
        .drawn(Plot::curves("epoch", "loss"));
    for (kind, n, sums) in of {
        for (epoch, sum) in (0..asked.epochs).zip(sums) {
            let rate = Entry::exact(asked.descent.rate(epoch, asked.epochs));
            let row = vec![Entry::text(kind), Entry::Whole(f64::from(epoch) + 1.0), rate];
            match &n {
                Err(reason) => sheet.row_without(row, reason),
                Ok(n) => {
                    // A few units of every record.
                    let error = 8.0 * (-f64::from(frac)).exp2();
                    let loss = Entry::Inexact(number(*sum, frac) / n, error);
                    sheet.row([row, vec![loss]].concat());
                }
            }
        }
    }
    sheet
}

fn test(
    learning: &Learning,
    asked: &Asked,
    table: &Table,
    (tested, opened, training): (Result<f64, String>, &[i128], &Training),
) -> Vec<Sheet> {
    let mut sheet = Sheet::new("test", &["measure", "estimate", "n"]);
    let mut row = |name: &str, estimate: Result<Entry, String>| {
        let found = tested.clone().and_then(|n| Ok((estimate?, n)));
        match found {
            Ok((estimate, n)) => sheet.row(vec![Entry::text(name), estimate, Entry::Whole(n)]),
            Err(reason) => sheet.row_without(vec![Entry::text(name)], &reason),
        }
    };
    let n = tested.clone().unwrap_or(0.0);
    let missing = |opened: i128, of: Predictor, asked: &RowExpr| {
        let mean = number(opened, training.scales().frac).max(0.0) / n;
        let unit = of.unit() * quantum(asked, table);
        let error = (f64::from(training.scales().frac) * -0.5).exp2() * unit;
        Ok(Entry::Inexact(mean.sqrt() * unit, error))
    };
    match learning.label {
        LabelColumn::Number(label) => {
            let Label::Number(of) = &asked.label else { unreachable!("a number") };
            row("root mean square error", missing(opened[0], label, of));
            vec![sheet]
        }
        LabelColumn::Class { classes, .. } => {
            let right: i128 = (0..classes).map(|class| opened[class * (classes + 1)]).sum();
            row("accuracy", Ok(Entry::Number(right as f64 / n)));
            let besides = learning.also.iter().zip(&asked.also).zip(&opened[classes * classes..]);
            let mut places = Sheet::new("places", &["number", "root mean square error", "n"]);
            for ((of, expr), opened) in besides {
                let name = vec![Entry::text(expr.to_text(table))];
                match tested.clone().and_then(|n| Ok((missing(*opened, *of, expr)?, n))) {
                    Err(reason) => places.row_without(name, &reason),
                    Ok((error, n)) => places.row([name, vec![error, Entry::Whole(n)]].concat()),
                }
            }
            let places = (!learning.also.is_empty()).then_some(places);
            let confusion = confusion(asked, table, (&tested, opened));
            [sheet, confusion].into_iter().chain(places).collect()
        }
    }
}

/// A row for each class, a column for what it was taken for.
fn confusion(
    asked: &Asked,
    table: &Table,
    (tested, opened): (&Result<f64, String>, &[i128]),
) -> Sheet {
    let Label::Class(column) = &asked.label else { unreachable!("of classes") };
    let classes = table.columns[*column].values();
    let heads: Vec<String> = classes.iter().map(|of| format!("taken for {of}")).collect();
    let first = [table.columns[*column].name.as_str()];
    let columns: Vec<&str> = first.into_iter().chain(heads.iter().map(String::as_str)).collect();
    let mut sheet = Sheet::new("confusion", &columns);
    for (i, class) in classes.iter().enumerate() {
        let row = vec![Entry::text(*class)];
        match tested {
            Err(reason) => sheet.row_without(row, reason),
            Ok(_) => {
                let counts = &opened[i * classes.len()..(i + 1) * classes.len()];
                let counts = counts.iter().map(|count| Entry::Whole(*count as f64)).collect();
                sheet.row([row, counts].concat());
            }
        }
    }
    sheet
}

/// How a record's values become what the network sees: less the mean, over the deviation, and no
/// farther than eight of these; or less the middle, over half the width of the range.
fn inputs(
    learning: &Learning,
    asked: &Asked,
    table: &Table,
    (sound, standard, scales): (&Result<(), String>, &[i128], [u32; 2]),
) -> Sheet {
    let heads = match learning.standardise {
        true => ["input", "mean", "deviation", "farthest"],
        false => ["input", "middle", "half", "farthest"],
    };
    let mut sheet = Sheet::new("inputs", &heads);
    let features = learning.features.len();
    for (at, (of, feature)) in learning.features.iter().zip(&asked.features).enumerate() {
        let name = vec![Entry::text(feature.to_text(table))];
        let decimals = feature.range(table).map_or(0, |range| i32::from(range.decimals));
        let quantum = 10f64.powi(-decimals);
        let (middle, half) = (of.centre as f64 * quantum, of.unit() * quantum);
        let (at_zero, to_one, farthest) = match learning.standardise {
            false => (middle, half, 1),
            true => {
                let mean = number(standard[at], scales[0]);
                let inverse = number(standard[features + at], scales[1]);
                (middle + half * mean, half / inverse, FARTHEST)
            }
        };
        match sound {
            Err(reason) => sheet.row_without(name, reason),
            Ok(()) => {
                let numbers = [Entry::Used(at_zero), Entry::Used(to_one)];
                let farthest = Entry::Whole(farthest.into());
                sheet.row([name, numbers.to_vec(), vec![farthest]].concat());
            }
        }
    }
    sheet
}

/// What a quantum of a value is worth.
fn quantum(of: &RowExpr, table: &Table) -> f64 {
    10f64.powi(-of.range(table).map_or(0, |range| i32::from(range.decimals)))
}

/// How what comes out becomes the numbers that are told: times half, plus the middle.
fn output(learning: &Learning, asked: &Asked, table: &Table) -> Option<Sheet> {
    let label = match (learning.label, &asked.label) {
        (LabelColumn::Number(of), Label::Number(label)) => Some((of, label)),
        _ => None,
    };
    let also = learning.also.iter().copied().zip(&asked.also);
    let mut sheet = Sheet::new("output", &["output", "middle", "half"]);
    let mut is_empty = true;
    for (of, asked) in label.into_iter().chain(also) {
        let quantum = quantum(asked, table);
        let numbers = [of.centre as f64 * quantum, of.unit() * quantum].map(Entry::Used);
        sheet.row([vec![Entry::text(asked.to_text(table))], numbers.to_vec()].concat());
        is_empty = false;
    }
    (!is_empty).then_some(sheet)
}

/// Every weight, as it was used.
fn weights(training: &Training, (sound, opened): (&Result<(), String>, &[i128])) -> Sheet {
    let mut sheet = Sheet::new("weights", &["layer", "input", "output", "weight"]);
    if let Err(reason) = sound {
        sheet.row_without(vec![], reason);
        return sheet;
    }
    let mut opened = opened.iter();
    for of in training.network().weights() {
        for at in 0..of.len() {
            let (input, output) = (at / of.columns, at % of.columns);
            let input = match input + 1 == of.rows {
                true => Entry::text("bias"),
                false => Entry::text((input + 1).to_string()),
            };
            let weight = *opened.next().expect("all weights are opened");
            sheet.row(vec![
                Entry::Whole(of.layer as f64),
                input,
                Entry::Whole((output + 1) as f64),
                Entry::Used(number(weight, training.scales().weight)),
            ]);
        }
    }
    sheet
}
