//! safetensors: the numbers of a network, under names as PyTorch has them.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use crate::{Layer, Model};

impl Model {
    /// The network's numbers as a safetensors file, in double precision: `inputs.middle`,
    /// `inputs.half` and `inputs.farthest`, and of each dense layer, by its place among all layers
    /// from 0, `N.weight`, `[outputs, inputs]`, and `N.bias`: the names of a PyTorch
    /// `Sequential` of these layers.
    ///
    /// # Panics
    /// If the matrices are no matrices.
    #[must_use]
    pub fn to_safetensors(&self) -> Vec<u8> {
        let mut all: Vec<(String, Vec<usize>, Vec<u8>)> = vec![];
        let mut add = |name: String, shape: Vec<usize>, numbers: Vec<f64>| {
            let bytes = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
            all.push((name, shape, bytes));
        };
        let inputs = &self.inputs;
        let len = vec![inputs.len()];
        let of = |of: fn(&crate::Input) -> f64| inputs.iter().map(of).collect();
        add("inputs.middle".to_owned(), len.clone(), of(|input| input.middle));
        add("inputs.half".to_owned(), len.clone(), of(|input| input.half));
        add("inputs.farthest".to_owned(), len, of(|input| input.farthest));
        for (at, layer) in self.layers.iter().enumerate() {
            let Layer::Dense { weights, biases } = layer else { continue };
            let column = |j: usize| weights.iter().map(move |row| row[j]);
            let across = (0..biases.len()).flat_map(column).collect();
            add(format!("{at}.weight"), vec![biases.len(), weights.len()], across);
            add(format!("{at}.bias"), vec![biases.len()], biases.clone());
        }
        let views = all.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F64, shape.clone(), bytes);
            (name.as_str(), view.expect("as many numbers as the shape says"))
        });
        let named = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        safetensors::serialize(views, Some(named)).expect("names and shapes are sound")
    }
}
