//! safetensors: the numbers of a network, under names as PyTorch has them.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use crate::onnx::outputs_first;
use crate::{Image, Layer, Model};

impl Model {
    /// The network's numbers as a safetensors file, in double precision: `inputs.middle`,
    /// `inputs.half` and `inputs.farthest`, and of each layer with weights, by its place among all
    /// layers from 0, `N.weight` and `N.bias`: names and shapes of a PyTorch `Sequential` of these
    /// layers, with a `Flatten` between images and the first layer that is dense.
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
        let mut image = self.image.unwrap_or_else(|| Image::flat(inputs.len()));
        // A flattening layer comes before the first that is dense.
        let mut before = 0;
        for (at, layer) in self.layers.iter().enumerate() {
            let (biases, shape, across) = match layer {
                Layer::Dense { weights, biases } => {
                    before += usize::from(image.has_places());
                    let rows = image.channels_first();
                    let column = |j: usize| rows.iter().map(move |row| weights[*row][j]);
                    let across = (0..biases.len()).flat_map(column).collect();
                    (biases, vec![biases.len(), weights.len()], across)
                }
                Layer::Convolution { kernel, weights, biases, .. } => {
                    let shape = vec![biases.len(), image.channels, *kernel, *kernel];
                    (biases, shape, outputs_first(weights, image.channels))
                }
                _ => {
                    image = layer.after(image);
                    continue;
                }
            };
            add(format!("{}.weight", at + before), shape, across);
            add(format!("{}.bias", at + before), vec![biases.len()], biases.clone());
            image = layer.after(image);
        }
        let views = all.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F64, shape.clone(), bytes);
            (name.as_str(), view.expect("as many numbers as the shape says"))
        });
        let named = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        safetensors::serialize(views, Some(named)).expect("names and shapes are sound")
    }
}
