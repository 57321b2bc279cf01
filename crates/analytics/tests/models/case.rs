//! The cases of reference.json, and how each is run over any protocol.

use serde_json::Value;
use sharewell_analytics::models::{
    Batch, HEADROOM, Layer, Loss, Network, Optimiser, Reach, Scales, Shape, Training,
};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) network: Network,
    pub(crate) loss: Loss,
    pub(crate) optimiser: Optimiser,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
    /// Inputs and targets of each step.
    pub(crate) examples: Vec<[Vec<f64>; 2]>,
    pub(crate) before: Vec<f64>,
    pub(crate) outputs: Vec<f64>,
    /// The sum over each batch, before its step.
    pub(crate) losses: Vec<f64>,
    pub(crate) after: Vec<Vec<f64>>,
}

pub(crate) fn all() -> Vec<Case> {
    let cases: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    cases.as_array().unwrap().iter().map(Case::of).collect()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn layers(of: &Value) -> Vec<Layer> {
    of.as_array().unwrap().iter().map(layer).collect()
}

fn layer(of: &Value) -> Layer {
    let whole = |key: &str| of[key].as_u64().unwrap() as usize;
    match of["kind"].as_str().unwrap() {
        "dense" => Layer::Dense { outputs: whole("outputs") },
        "convolution" => Layer::Convolution {
            channels: whole("channels"),
            kernel: whole("kernel"),
            stride: whole("stride"),
            padding: whole("padding"),
        },
        "average_pool" => Layer::AveragePool { size: whole("size") },
        "max_pool" => Layer::MaxPool { size: whole("size") },
        "relu" => Layer::Relu,
        "leaky_relu" => Layer::LeakyRelu { slope: of["slope"].as_f64().unwrap() },
        "sigmoid" => Layer::Sigmoid,
        "tanh" => Layer::Tanh,
        "flatten" => Layer::Flatten,
        "residual" => Layer::Residual(layers(&of["layers"])),
        other => panic!("{other}"),
    }
}

/// Of inputs from -1 to 1.
pub(crate) fn reach(shape: Shape) -> Reach {
    Reach { norm: (shape.len() as f64).sqrt(), element: 1.0 }
}

impl Case {
    fn of(of: &Value) -> Self {
        let side = |at: usize| of["shape"][at].as_u64().unwrap() as usize;
        let shape = Shape { height: side(0), width: side(1), channels: side(2) };
        let network = Network::new((shape, reach(shape)), &layers(&of["layers"]), HEADROOM);
        let options = &of["options"];
        let option = |key: &str| options[key].as_f64().unwrap_or(0.0);
        let examples = of["examples"].as_array().unwrap().iter();
        Self {
            name: of["name"].as_str().unwrap().to_owned(),
            network: network.unwrap(),
            loss: match of["loss"].as_str().unwrap() {
                "cross_entropy" => Loss::CrossEntropy,
                "binary_cross_entropy" => Loss::BinaryCrossEntropy,
                "hinge" => Loss::Hinge,
                "squared" => Loss::Squared { most: 2.0 },
                "detection" => Loss::Detection { classes: 3, most: 2.0 },
                "smooth_l1" => Loss::SmoothL1 { most: 2.0 },
                other => panic!("{other}"),
            },
            optimiser: Optimiser::Sgd {
                momentum: option("momentum"),
                nesterov: options["nesterov"].as_bool().unwrap_or(false),
                weight_decay: option("weight_decay"),
            },
            batch: of["batch"].as_u64().unwrap() as usize,
            rate: of["rate"].as_f64().unwrap(),
            examples: examples.map(|of| ["x", "y"].map(|key| numbers(&of[key]))).collect(),
            before: numbers(&of["before"]),
            outputs: numbers(&of["outputs"]),
            losses: numbers(&of["losses"]),
            after: of["after"].as_array().unwrap().iter().map(numbers).collect(),
        }
    }

    pub(crate) fn training(&self, bits: u32) -> Training {
        let course = (self.batch, self.rate);
        Training::new(self.network.clone(), (self.loss, self.optimiser), course, bits).unwrap()
    }

    /// All inputs and targets as integers: what the first party gives.
    pub(crate) fn given(&self, scales: Scales) -> Vec<i128> {
        let one = f64::from(scales.frac).exp2();
        let all = self.examples.iter().flatten().flatten();
        all.map(|x| (x * one).round() as i128).collect()
    }

    /// Opens which matrices were beyond their limits, what came out before the first step, all
    /// weights after each, and what each lost.
    pub(crate) fn train<P: Protocol>(
        &self,
        p: &mut P,
        me: Option<usize>,
    ) -> Result<Vec<Vec<i128>>> {
        let training = self.training(P::Ring::BITS);
        let scales = training.scales();
        let mine = self.given(scales).into_iter().filter(|_| me.is_none_or(|me| me == 0));
        let mine: Vec<P::Ring> = mine.map(P::Ring::from_i128).collect();
        let all: usize = self.examples.iter().flatten().map(Vec::len).sum();
        let mut rest = p.input(&mine, &[all, 0, 0])?.swap_remove(0);
        let weights = p.public(&training.encoded::<P::Ring>(&self.before));
        let mut state = training.start(p, weights, self.examples.len());
        let (mut opened, mut losses) = (vec![], vec![]);
        let counts = p.public(&vec![P::Ring::ONE; self.batch]);
        let reveal = |p: &mut P, x: &P::AShare| -> Result<Vec<i128>> {
            Ok(p.reveal(x)?.into_iter().map(Integer::to_i128).collect())
        };
        for [x, y] in &self.examples {
            let mut tensor = |of: &[f64]| {
                let (first, others) = sharewell_mpc::Share::split(rest.clone(), of.len());
                rest = others;
                Tensor::<P>::new(first, &[self.batch, of.len() / self.batch], scales.frac)
            };
            let (x, y) = (tensor(x), tensor(y));
            if opened.is_empty() {
                let outputs = training.outputs(p, state.weights(), &x)?;
                opened.push(reveal(p, outputs.shares())?);
            }
            let batch = Batch { x: &x, y: &y, counts: None };
            let missing = training.step(p, &mut state, &batch, self.rate)?;
            let loss = training.loss(p, missing, (&y, &counts))?;
            losses.extend(reveal(p, loss.shares())?);
            opened.push(reveal(p, state.weights().shares())?);
        }
        let beyond = training.beyond(p, &mut state)?;
        opened.insert(0, reveal(p, &beyond)?);
        opened.push(losses);
        Ok(opened)
    }
}
