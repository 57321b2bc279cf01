//! Networks that are trained together, against PyTorch's float run from the same weights in the
//! same order.

use std::fs;

use serde_json::Value;

use crate::statistics::{number, table};
use crate::support::{copy_of, costs_as_quoted};

fn rows(table: &Value) -> &Vec<Value> {
    table["rows"].as_array().unwrap()
}

/// Every weight after 240 steps, means, deviations, and what the tested tumours were taken for.
fn is_that_of_pytorch(report: &Value) {
    let want: Value =
        serde_json::from_str(include_str!("../expected/tumour_network.json")).unwrap();
    let records = table(report, "records");
    for (of, count) in [("trained on", &want["trained"]), ("tested on", &want["tested"])] {
        assert_eq!(number(records, &[of], "records"), count.as_f64().unwrap());
    }
    let accuracy = number(table(report, "test"), &["accuracy"], "estimate");
    let theirs = want["accuracy"].as_f64().unwrap();
    assert!((accuracy - theirs).abs() <= 0.003, "{accuracy}, not {theirs}");
    for (mine, theirs) in
        rows(table(report, "confusion")).iter().zip(want["confusion"].as_array().unwrap())
    {
        assert_eq!(&mine.as_array().unwrap()[1..], &theirs.as_array().unwrap()[..]);
    }
    for (i, input) in rows(table(report, "inputs")).iter().enumerate() {
        let [mean, deviation] = ["mean", "deviation"].map(|name| want[name][i].as_f64().unwrap());
        assert!((input[1].as_f64().unwrap() - mean).abs() < 5e-4 * deviation, "{input} {mean}");
        assert!((input[2].as_f64().unwrap() / deviation - 1.0).abs() < 5e-4, "{input} {deviation}");
    }
    let weights = rows(table(report, "weights"));
    let theirs = want["weights"].as_array().unwrap();
    assert_eq!(weights.len(), theirs.len());
    for (mine, theirs) in weights.iter().zip(theirs) {
        let (mine, theirs) = (mine[3].as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((mine - theirs).abs() < 0.02, "{mine}, not {theirs}");
    }
}

#[test]
fn three_hospitals_learn_what_pytorch_learns_of_their_pooled_records() {
    let site = copy_of("tumour-network", "study.toml");
    let folder = site.path("kept");
    let report = site.run(&["--json", "--out", folder.to_str().unwrap()]).json();
    costs_as_quoted(&report);
    is_that_of_pytorch(&report);
    for name in ["model.onnx", "model.safetensors"] {
        let len = fs::metadata(folder.join(name)).unwrap().len();
        assert!(len > 2000, "{name} has {len} bytes");
    }
    let learned = report["learned"]["hospital_a"].to_string();
    assert!(learned.contains("all 266 weights"), "{learned}");
}

/// What a study of tumours says besides, and after its layers.
fn watched(text: &str, besides: &str, schedule: &str) -> String {
    text.replacen("epochs = 20", &format!("{besides}\nepochs = 20"), 1).replacen(
        "[security]",
        &format!("{schedule}\n[security]"),
        1,
    )
}

#[test]
fn a_training_that_is_watched_tells_what_pytorch_and_scikit_learn_tell() {
    let site = copy_of("tumour-network", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let besides = "validation = \"mean_texture > 22\"\nkeep = \"best\"\n\
                   metrics = [\"loss\", \"curves\", \"calibration\"]";
    let schedule = "[objective.schedule]\nkind = \"cosine\"\n";
    site.write("study.toml", &watched(&text, besides, schedule));
    let report = site.result();
    costs_as_quoted(&report);
    let want: Value =
        serde_json::from_str(include_str!("../expected/tumour_watched.json")).unwrap();
    let of = ["trained on", "validated on", "tested on"];
    for (of, count) in of.iter().zip(want["records"].as_array().unwrap()) {
        let found = number(table(&report, "records"), &[of], "records");
        assert_eq!(found, count.as_f64().unwrap(), "{of}");
    }
    let epochs = rows(table(&report, "epochs"));
    let losses = [&want["losses"], &want["validations"]].map(|of| of.as_array().unwrap().clone());
    let losses = losses.concat();
    assert_eq!(epochs.len(), losses.len());
    for (row, loss) in epochs.iter().zip(losses) {
        let (found, loss) = (row[3].as_f64().unwrap(), loss.as_f64().unwrap());
        assert!((found - loss).abs() < 0.002, "{row}, not {loss}");
    }
    // After the best epoch, not after the last.
    for (mine, theirs) in
        rows(table(&report, "weights")).iter().zip(want["weights"].as_array().unwrap())
    {
        let (mine, theirs) = (mine[3].as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((mine - theirs).abs() < 0.02, "{mine}, not {theirs}");
    }
    let ranking = table(&report, "ranking");
    for (measure, key) in [("AUC", "auc"), ("average precision", "average precision")] {
        let found = number(ranking, &["true", measure], "estimate");
        let theirs = want[key].as_f64().unwrap();
        assert!((found - theirs).abs() < 0.005, "{measure} {found}, not {theirs}");
    }
    let pair = |at: usize| (&want["told"][at], &want["right"][at]);
    let tested: Vec<(f64, f64)> = (0..113)
        .map(pair)
        .map(|(told, right)| (told.as_f64().unwrap(), right.as_f64().unwrap()))
        .collect();
    for row in rows(table(&report, "curves")) {
        let [threshold, recall, wrong] = [1, 2, 3].map(|at| row[at].as_f64().unwrap());
        // A probability so near to the threshold may have been rounded to its other side.
        let rate = |of: f64, by: f64| {
            let all = tested.iter().filter(|(_, right)| *right == of);
            let above = all.clone().filter(|(told, _)| *told >= threshold * (1.0 + by) + by);
            above.count() as f64 / all.count() as f64
        };
        for (found, of) in [(recall, 1.0), (wrong, 0.0)] {
            assert!((rate(of, 5e-3)..=rate(of, -5e-3)).contains(&found), "{row}");
        }
    }
    let calibration = rows(table(&report, "calibration"));
    let all: f64 = calibration.iter().map(|row| row[3].as_f64().unwrap()).sum();
    assert_eq!(all, 113.0);
    let learned = report["learned"]["hospital_a"].to_string();
    assert!(learned.contains("of the epoch after which the weights were the best"), "{learned}");
}

#[test]
fn an_order_that_nobody_knows_teaches_as_well() {
    let site = copy_of("tumour-network", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let schedule = "[objective.schedule]\nkind = \"step\"\nevery = 3\nfactor = 0.5\n";
    let text = watched(&text, "order = \"secret\"", schedule);
    site.write("study.toml", &text.replace("epochs = 20", "epochs = 6"));
    let report = site.result();
    costs_as_quoted(&report);
    let accuracy = number(table(&report, "test"), &["accuracy"], "estimate");
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn support_vectors_and_numbers_beside_a_class_are_learnt() {
    let site = copy_of("tumour-network", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let first = text.find("[[objective.layer]]").unwrap();
    let linear = "[[objective.layer]]\nkind = \"dense\"\noutputs = 2\n\n";
    let at = text.find("[security]").unwrap();
    let machine = format!("{}{linear}{}", &text[..first], &text[at..])
        .replace("epochs = 20", "epochs = 6\nloss = \"hinge\"\nmetrics = [\"loss\"]")
        .replace("learning_rate = 0.25", "learning_rate = 0.1");
    site.write("study.toml", &machine);
    let report = site.result();
    costs_as_quoted(&report);
    let accuracy = number(table(&report, "test"), &["accuracy"], "estimate");
    assert!(accuracy > 0.95, "{accuracy}");
    let loss = |epoch: usize| rows(table(&report, "epochs"))[epoch][3].as_f64().unwrap();
    assert!(loss(5) < loss(0) / 2.0, "{} after {}", loss(5), loss(0));

    let both = text
        .replace("label = \"malignant\"", "label = \"malignant\"\nalso = [\"mean_radius\"]")
        .replace("epochs = 20", "epochs = 12\nmetrics = [\"curves\"]")
        .replace("learning_rate = 0.25", "learning_rate = 0.1");
    let last = both.rfind("outputs = 2").unwrap();
    site.write("study.toml", &format!("{}outputs = 3{}", &both[..last], &both[last + 11..]));
    let folder = site.path("kept");
    let report = site.run(&["--json", "--out", folder.to_str().unwrap()]).json();
    costs_as_quoted(&report);
    let accuracy = number(table(&report, "test"), &["accuracy"], "estimate");
    assert!(accuracy > 0.95, "{accuracy}");
    // The radius is one of the features: it is told to half of its deviation at least.
    let error = number(table(&report, "places"), &["mean_radius"], "root mean square error");
    assert!(error < 1.75, "{error}");
    assert_eq!(number(table(&report, "output"), &["mean_radius"], "middle"), 20.0);
    assert!(folder.join("model.onnx").exists());
}

#[test]
fn what_comes_to_nothing_is_said_and_nothing_is_opened() {
    let site = copy_of("tumour-network", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let shorter = text.replace("epochs = 20", "epochs = 2");
    let without = |report: &Value, why: &str| {
        for name in ["test", "confusion", "inputs", "weights"] {
            let told = table(report, name);
            let empty = |row: &Value| row.as_array().unwrap().last().unwrap().is_null();
            assert!(rows(told).iter().all(empty), "{name}: {told}");
            assert!(told["notes"].to_string().contains(why), "{why}: {told}");
        }
    };
    let wild = shorter.replace("learning_rate = 0.25", "learning_rate = 10");
    site.write("study.toml", &wild.replace("momentum = 0.5", "momentum = 0.9"));
    without(&site.result(), "ran away; take a smaller learning_rate");
    let few = shorter.replace("min_records = 50", "min_records = 500");
    site.write("study.toml", &few);
    without(&site.result(), "suppressed: fewer than 500 records");
    let flat = shorter.replace("\"mean_texture\",", "\"mean_texture - mean_texture\",");
    site.write("study.toml", &flat);
    without(&site.result(), "varies by less than a thousandth");
}

#[test]
fn what_cannot_be_learnt_is_refused_before_anybody_is_asked() {
    let site = copy_of("tumour-network", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    for (from, to, fragments) in [
        ("outputs = 2", "outputs = 3", &["the last layer must be dense with 2 outputs"][..]),
        ("kind = \"relu\"", "kind = \"rleu\"", &["\"rleu\" is not possible here", "relu"]),
        ("outputs = 8", "outputs = 0", &["`outputs` must lie between 1 and"]),
        ("learning_rate = 0.25", "learning_rate = 0", &["`learning_rate` is 0"]),
        ("momentum = 0.5", "momentum = 1", &["`momentum` is 1"]),
        ("label = \"malignant\"", "label = \"maligned\"", &["maligned"]),
        ("epochs = 20", "epochs = 0", &["`epochs` must lie between 1 and"]),
        ("batch = 50", "bach = 50", &["bach"]),
        ("batch = 50", "keep = \"best\"", &["nothing to tell the best epoch by", "validation"]),
        ("batch = 50", "metrics = [\"los\"]", &["\"los\" is not possible here", "loss"]),
        ("batch = 50", "loss = \"squared\"", &["another kind of label", "cross_entropy"]),
        ("batch = 50", "loss = \"hinge\"\nmetrics = [\"curves\"]", &["are of probabilities"]),
        ("batch = 50", "also = [\"mean_area\"]", &["dense with 3 outputs", "`also`"]),
        ("test = \"held_out\"", "metrics = [\"curves\"]", &["those of tested records"]),
        ("[security]", "[objective.schedule]\nkind = \"step\"\n[security]", &["every"]),
    ] {
        site.write("study.toml", &text.replacen(from, to, 1));
        let ended = site.check();
        let said = format!("{}{}", ended.out, ended.err);
        assert_ne!(ended.status, Some(0), "{to}");
        assert!(fragments.iter().all(|fragment| said.contains(fragment)), "{to}: {said}");
    }
    let wide = "[[objective.layer]]\nkind = \"dense\"\noutputs = 65536\n\n".repeat(2);
    let at = text.find("[[objective.layer]]").unwrap();
    site.write("study.toml", &format!("{}{wide}{}", &text[..at], &text[at..]));
    let ended = site.check();
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains("layer 2 (dense)") && said.contains("weights are more than"), "{said}");
}
