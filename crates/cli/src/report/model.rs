//! A trained network of the tables that tell of it.

use sharewell_engine::{Cell, ResultTable};
use sharewell_model::{Image, Input, Layer, Model, Number, Output};
use sharewell_study::{Label, Layer as Asked, Objective, Study};

/// One after the other, as they were released.
type Weights<'a> = dyn Iterator<Item = Option<f64>> + 'a;

/// The network that a run has trained, if it did, and its weights were released.
pub(super) fn of(study: &Study, tables: &[ResultTable]) -> Option<Model> {
    let Objective::Train(asked) = &study.objective else { return None };
    let table = |name: &str| tables.iter().find(|table| table.name == name);
    let inputs: Option<Vec<Input>> = table("inputs")?.rows.iter().map(|row| input(row)).collect();
    let inputs = inputs?;
    let mut weights = table("weights")?.rows.iter().map(|row| number(row.last()?));
    let weights: &mut Weights<'_> = &mut weights;
    let places = asked.image.map(|sides| {
        let [height, width, channels] = sides.map(|side| side as usize);
        Image { height, width, channels }
    });
    let mut image = places.unwrap_or_else(|| Image::flat(inputs.len()));
    let mut layers = vec![];
    for layer in &asked.layers {
        let matrix = |rows: usize, columns: u32, weights: &mut Weights<'_>| {
            let row = |weights: &mut Weights<'_>| weights.take(columns as usize).collect();
            let rows: Option<Vec<Vec<f64>>> = (0..rows).map(|_| row(weights)).collect();
            let biases: Option<Vec<f64>> = row(weights);
            rows.zip(biases)
        };
        let made = match *layer {
            Asked::Dense { outputs } => {
                let (weights, biases) = matrix(image.len(), outputs, weights)?;
                Some(Layer::Dense { weights, biases })
            }
            Asked::Convolution { channels, kernel, stride, padding } => {
                let [kernel, stride, padding] = [kernel, stride, padding].map(|x| x as usize);
                let rows = kernel * kernel * image.channels;
                let (weights, biases) = matrix(rows, channels, weights)?;
                Some(Layer::Convolution { kernel, stride, padding, weights, biases })
            }
            Asked::AveragePool { size } => Some(Layer::AveragePool { size: size as usize }),
            Asked::MaxPool { size } => Some(Layer::MaxPool { size: size as usize }),
            Asked::Relu => Some(Layer::Relu),
            Asked::LeakyRelu { slope } => Some(Layer::LeakyRelu { slope }),
            Asked::Sigmoid => Some(Layer::Sigmoid),
            Asked::Tanh => Some(Layer::Tanh),
            // While training only.
            Asked::Dropout { .. } => None,
        };
        image = made.as_ref().map_or(image, |made| made.after(image));
        layers.extend(made);
    }
    let classes = match &asked.label {
        Label::Class(column) => study.table.columns[*column].values(),
        Label::Number(_) => vec![],
    };
    let classes = classes.iter().map(|&class| class.to_owned()).collect();
    let numbers = table("output").map_or(&[][..], |table| &table.rows);
    let numbers: Option<Vec<Number>> = numbers.iter().map(|row| told(row)).collect();
    let output = Output { classes, numbers: numbers? };
    Some(Model { name: study.name.clone(), inputs, image: places, layers, output })
}

fn input(row: &[Cell]) -> Option<Input> {
    let [Cell::Text(name), middle, half, farthest] = row else { return None };
    let [middle, half, farthest] = [middle, half, farthest].map(number);
    Some(Input { name: name.clone(), middle: middle?, half: half?, farthest: farthest? })
}

fn told(row: &[Cell]) -> Option<Number> {
    let [Cell::Text(name), middle, half] = row else { return None };
    Some(Number { name: name.clone(), middle: number(middle)?, half: number(half)? })
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Text(_) | Cell::Empty => None,
    }
}
