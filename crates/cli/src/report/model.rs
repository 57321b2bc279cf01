//! A trained network of the tables that tell of it.

use sharewell_engine::{Cell, ResultTable};
use sharewell_model::{Input, Layer, Model, Output};
use sharewell_study::{Label, Layer as Asked, Objective, Study};

/// The network that a run has trained, if it did, and its weights were released.
pub(super) fn of(study: &Study, tables: &[ResultTable]) -> Option<Model> {
    let Objective::Train(asked) = &study.objective else { return None };
    let table = |name: &str| tables.iter().find(|table| table.name == name);
    let inputs: Option<Vec<Input>> = table("inputs")?.rows.iter().map(|row| input(row)).collect();
    let inputs = inputs?;
    let mut weights = table("weights")?.rows.iter().map(|row| number(row.last()?));
    let mut width = inputs.len();
    let mut layers = vec![];
    for layer in &asked.layers {
        layers.extend(match *layer {
            Asked::Dense { outputs } => {
                let outputs = outputs as usize;
                let row = |weights: &mut dyn Iterator<Item = Option<f64>>| {
                    weights.take(outputs).collect::<Option<Vec<f64>>>()
                };
                let rows: Option<Vec<Vec<f64>>> = (0..width).map(|_| row(&mut weights)).collect();
                width = outputs;
                Some(Layer::Dense { weights: rows?, biases: row(&mut weights)? })
            }
            Asked::Relu => Some(Layer::Relu),
            Asked::LeakyRelu { slope } => Some(Layer::LeakyRelu { slope }),
            Asked::Sigmoid => Some(Layer::Sigmoid),
            Asked::Tanh => Some(Layer::Tanh),
            // While training only.
            Asked::Dropout { .. } => None,
        });
    }
    let output = match &asked.label {
        Label::Class(column) => {
            let classes = study.table.columns[*column].values();
            Output::Classes(classes.iter().map(|&class| class.to_owned()).collect())
        }
        Label::Number(_) => {
            let [name, middle, half] = &table("output")?.rows.first()?[..] else { return None };
            let Cell::Text(name) = name else { return None };
            Output::Number { name: name.clone(), middle: number(middle)?, half: number(half)? }
        }
    };
    Some(Model { name: study.name.clone(), inputs, layers, output })
}

fn input(row: &[Cell]) -> Option<Input> {
    let [Cell::Text(name), middle, half, farthest] = row else { return None };
    let [middle, half, farthest] = [middle, half, farthest].map(number);
    Some(Input { name: name.clone(), middle: middle?, half: half?, farthest: farthest? })
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Text(_) | Cell::Empty => None,
    }
}
