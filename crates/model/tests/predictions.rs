//! What a network predicts, against PyTorch; and what its files hold.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use serde_json::Value;
use sharewell_model::{Image, Input, Layer, Model, Number, Output};

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// A matrix and its biases, off the front of all weights.
fn matrix(weights: &mut Vec<f64>, rows: usize, columns: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut row = || weights.drain(..columns).collect::<Vec<f64>>();
    let matrix = (0..rows).map(|_| row()).collect();
    (matrix, row())
}

/// A network of `crates/analytics/tests/models/reference.json` as it begins.
fn model(case: &Value) -> Model {
    let side = |at: usize| case["shape"][at].as_u64().unwrap() as usize;
    let image = Image { height: side(0), width: side(1), channels: side(2) };
    let mut at = image;
    let mut weights = numbers(&case["before"]);
    let mut layers = vec![];
    for layer in case["layers"].as_array().unwrap() {
        let whole = |key: &str| layer[key].as_u64().unwrap() as usize;
        let made = match layer["kind"].as_str().unwrap() {
            "dense" => {
                let (weights, biases) = matrix(&mut weights, at.len(), whole("outputs"));
                Layer::Dense { weights, biases }
            }
            "convolution" => {
                let [kernel, stride, padding] = ["kernel", "stride", "padding"].map(whole);
                let rows = kernel * kernel * at.channels;
                let (weights, biases) = matrix(&mut weights, rows, whole("channels"));
                Layer::Convolution { kernel, stride, padding, weights, biases }
            }
            "average_pool" => Layer::AveragePool { size: whole("size") },
            "max_pool" => Layer::MaxPool { size: whole("size") },
            "relu" => Layer::Relu,
            "leaky_relu" => Layer::LeakyRelu { slope: layer["slope"].as_f64().unwrap() },
            "sigmoid" => Layer::Sigmoid,
            "tanh" => Layer::Tanh,
            _ => continue,
        };
        at = made.after(at);
        layers.push(made);
    }
    assert!(weights.is_empty(), "{}", case["name"]);
    let input = |i| Input { name: format!("x{i}"), middle: 0.0, half: 1.0, farthest: 1e9 };
    let classes = (0..at.len()).map(|i| format!("class {i}")).collect();
    let output = Output { classes, numbers: vec![] };
    let inputs = (0..image.len()).map(input).collect();
    Model {
        name: case["name"].as_str().unwrap().to_owned(),
        inputs,
        image: Some(image),
        layers,
        output,
    }
}

fn cases() -> Vec<Value> {
    let all = include_str!("../../analytics/tests/models/reference.json");
    let all: Vec<Value> = serde_json::from_str(all).unwrap();
    let is_chain = |case: &Value| !case["layers"].to_string().contains("residual");
    all.into_iter().filter(is_chain).collect()
}

#[test]
fn predictions_are_those_of_pytorch() {
    for case in cases() {
        let model = model(&case);
        let x = numbers(&case["examples"][0]["x"]);
        let outputs = numbers(&case["outputs"]);
        let (inputs, classes) =
            (model.inputs.len(), outputs.len() / (x.len() / model.inputs.len()));
        for (x, z) in x.chunks(inputs).zip(outputs.chunks(classes)) {
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            for (got, z) in model.predict(x).iter().zip(z) {
                let want = z.exp() / sum;
                assert!((got - want).abs() < 1e-9, "{}: {got}, not {want}", model.name);
            }
        }
    }
}

#[test]
fn a_number_is_told_in_its_unit_and_far_inputs_are_brought_near() {
    let input = Input { name: "age".to_owned(), middle: 50.0, half: 10.0, farthest: 2.0 };
    let layers = vec![Layer::Dense { weights: vec![vec![0.5]], biases: vec![0.25] }];
    let numbers = vec![Number { name: "weight".to_owned(), middle: 70.0, half: 40.0 }];
    let output = Output { classes: vec![], numbers };
    let name = "a line".to_owned();
    let model = Model { name, inputs: vec![input], image: None, layers, output };
    for (age, weight) in [(50.0, 80.0), (60.0, 100.0), (500.0, 120.0), (0.0, 40.0)] {
        assert_eq!(model.predict(&[age]), [weight]);
    }
}

#[test]
fn a_class_and_numbers_beside_it_are_told_together() {
    let named = |name: &str, middle, half| Number { name: name.to_owned(), middle, half };
    let output = Output {
        classes: vec!["no".to_owned(), "yes".to_owned()],
        numbers: vec![named("left", 0.5, 2.0), named("right", 0.0, 1.0)],
    };
    let weights = vec![vec![0.0, 3f64.ln(), 1.0, -1.0]];
    let layers = vec![Layer::Dense { weights, biases: vec![0.0; 4] }];
    let input = Input { name: "x".to_owned(), middle: 0.0, half: 1.0, farthest: 8.0 };
    let name = "both".to_owned();
    let model = Model { name, inputs: vec![input], image: None, layers, output };
    let told = model.predict(&[1.0]);
    for (told, want) in told.iter().zip([0.25, 0.75, 2.5, -1.0]) {
        assert!((told - want).abs() < 1e-12, "{told:?}");
    }
    assert_eq!(told.len(), 4);
}

#[test]
fn files_hold_every_weight_under_the_names_of_pytorch() {
    for case in cases() {
        let model = model(&case);
        let bytes = model.to_safetensors();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let weights = numbers(&case["before"]);
        let of_layers =
            tensors.tensors().into_iter().filter(|(name, _)| !name.starts_with("inputs"));
        let mut held: Vec<f64> = vec![];
        for (name, view) in of_layers {
            let (place, kind) = name.split_once('.').unwrap();
            assert!(place.parse::<usize>().is_ok() && ["weight", "bias"].contains(&kind), "{name}");
            let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().unwrap());
            held.extend(view.data().chunks(8).map(number));
        }
        let sorted = |mut of: Vec<f64>| {
            of.sort_by(f64::total_cmp);
            of
        };
        assert_eq!(sorted(held), sorted(weights), "{}", model.name);
        // Of which the other half is names, shapes and operators.
        let onnx = model.to_onnx();
        let single = numbers(&case["before"])[0] as f32;
        assert!(onnx.windows(4).any(|of| of == single.to_le_bytes()), "{}", model.name);
    }
}
