//! ONNX: the part of its format that a network needs.
//!
//! Source: onnx.proto3 of ONNX 1.16 (IR version 8, operator set 13), whose names and numbers of
//! fields these are.

use prost::{Enumeration, Message, Oneof};

use crate::{Image, Input, Layer, Model, Number, Output};

const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 13;

impl Model {
    /// The network as an ONNX file: `features`, `[records, inputs]` as the schema has them, to
    /// `probabilities`, `[records, classes]`, if there are classes, and `numbers`, `[records,
    /// numbers]`, if there are any; in single precision.
    #[must_use]
    pub fn to_onnx(&self) -> Vec<u8> {
        let mut graph = Graph::new();
        let mut at = graph.seen(&self.inputs);
        let mut image = self.image.unwrap_or_else(|| Image::flat(self.inputs.len()));
        if image.has_places() {
            at = graph.channels_first(&at, image);
        }
        for layer in &self.layers {
            at = graph.layer(&at, layer, image);
            image = layer.after(image);
        }
        let output = graph.output(&at, &self.output);
        let property = |key: &str, value: String| Entry { key: key.to_owned(), value };
        let inputs: Vec<&str> = self.inputs.iter().map(|of| of.name.as_str()).collect();
        let Output { classes, numbers } = &self.output;
        let numbers = numbers.iter().map(|of| of.name.as_str());
        let told: Vec<&str> = classes.iter().map(String::as_str).chain(numbers).collect();
        let file = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "sharewell".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(GraphProto {
                node: graph.nodes,
                name: self.name.clone(),
                initializer: graph.constants,
                input: vec![ValueInfo::matrix("features", self.inputs.len())],
                output,
            }),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPERATORS }],
            metadata_props: vec![
                property("inputs", inputs.join("\n")),
                property("outputs", told.join("\n")),
            ],
        };
        file.encode_to_vec()
    }
}

/// A graph that is being made.
struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Graph {
    fn new() -> Self {
        Self { nodes: vec![], constants: vec![] }
    }

    /// A name that nothing has.
    fn fresh(&self) -> String {
        format!("step{}", self.nodes.len())
    }

    fn constant(&mut self, name: &str, dims: &[usize], numbers: &[f64]) -> String {
        self.constants.push(TensorProto {
            dims: dims.iter().map(|len| *len as i64).collect(),
            data_type: Element::Float.into(),
            name: name.to_owned(),
            raw_data: numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
        });
        name.to_owned()
    }

    fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("{operator}{}", self.nodes.len()),
            op_type: operator.to_owned(),
            attribute,
        });
    }

    /// What comes out, by name.
    fn output(&mut self, at: &str, output: &Output) -> Vec<ValueInfo> {
        let lens = [output.classes.len(), output.numbers.len()];
        let mut parts = [at.to_owned(), at.to_owned()];
        if !lens.contains(&0) {
            let sizes = self.whole("output.parts", &lens.map(|len| len as i64));
            parts = ["classes", "others"].map(|part| format!("output.{part}"));
            let axis = Attribute::integer("axis", 1);
            self.node("Split", &[at, &sizes], &parts[0], vec![axis]);
            if let Some(split) = self.nodes.last_mut() {
                split.output.push(parts[1].clone());
            }
        }
        let mut told = vec![];
        if !output.classes.is_empty() {
            let axis = Attribute::integer("axis", 1);
            self.node("Softmax", &[&parts[0]], "probabilities", vec![axis]);
            told.push(ValueInfo::matrix("probabilities", lens[0]));
        }
        if !output.numbers.is_empty() {
            let of = |of: fn(&Number) -> f64| output.numbers.iter().map(of).collect::<Vec<f64>>();
            let half = self.constant("numbers.half", &[lens[1]], &of(|number| number.half));
            let middle = self.constant("numbers.middle", &[lens[1]], &of(|number| number.middle));
            let scaled = self.fresh();
            self.node("Mul", &[&parts[1], &half], &scaled, vec![]);
            self.node("Add", &[&scaled, &middle], "numbers", vec![]);
            told.push(ValueInfo::matrix("numbers", lens[1]));
        }
        told
    }

    /// What the first layer sees.
    fn seen(&mut self, inputs: &[Input]) -> String {
        let of = |of: fn(&Input) -> f64| inputs.iter().map(of).collect::<Vec<f64>>();
        let len = [inputs.len()];
        let middle = self.constant("inputs.middle", &len, &of(|input| input.middle));
        let half = self.constant("inputs.half", &len, &of(|input| input.half));
        let most = self.constant("inputs.most", &len, &of(|input| input.farthest));
        let least = self.constant("inputs.least", &len, &of(|input| -input.farthest));
        let steps = [("Sub", middle), ("Div", half), ("Min", most), ("Max", least)];
        steps.into_iter().fold("features".to_owned(), |at, (operator, by)| {
            let next = self.fresh();
            self.node(operator, &[&at, &by], &next, vec![]);
            next
        })
    }

    /// An image of rows of pixels as other tools have it.
    fn channels_first(&mut self, at: &str, image: Image) -> String {
        let sides = [-1, image.height as i64, image.width as i64, image.channels as i64];
        let shape = self.whole("image.shape", &sides);
        let (rows, first) = (self.fresh(), format!("{}.first", self.fresh()));
        self.node("Reshape", &[at, &shape], &rows, vec![]);
        let order = Attribute::integers("perm", &[0, 3, 1, 2]);
        self.node("Transpose", &[&rows], &first, vec![order]);
        first
    }

    fn whole(&mut self, name: &str, numbers: &[i64]) -> String {
        self.constants.push(TensorProto {
            dims: vec![numbers.len() as i64],
            data_type: Element::Int64.into(),
            name: name.to_owned(),
            raw_data: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
        });
        name.to_owned()
    }

    fn layer(&mut self, at: &str, layer: &Layer, image: Image) -> String {
        let next = self.fresh();
        let mut simple = |operator: &str, attribute| self.node(operator, &[at], &next, attribute);
        match layer {
            Layer::Relu => simple("Relu", vec![]),
            Layer::LeakyRelu { slope } => {
                simple("LeakyRelu", vec![Attribute::float("alpha", *slope)]);
            }
            Layer::Sigmoid => simple("Sigmoid", vec![]),
            Layer::Tanh => simple("Tanh", vec![]),
            Layer::AveragePool { size } => simple("AveragePool", pooled(*size)),
            Layer::MaxPool { size } => simple("MaxPool", pooled(*size)),
            Layer::Convolution { kernel, stride, padding, weights, biases } => {
                let name = format!("convolution{}", self.nodes.len());
                let shape = [biases.len(), image.channels, *kernel, *kernel];
                let turned = outputs_first(weights, image.channels);
                let weights = self.constant(&format!("{name}.weight"), &shape, &turned);
                let biases = self.constant(&format!("{name}.bias"), &[biases.len()], biases);
                let sides =
                    |name, side: usize, times| Attribute::integers(name, &vec![side as i64; times]);
                let attributes = vec![sides("strides", *stride, 2), sides("pads", *padding, 4)];
                self.node("Conv", &[at, &weights, &biases], &next, attributes);
            }
            Layer::Dense { weights, biases } => {
                let name = format!("dense{}", self.nodes.len());
                let mut flat = at.to_owned();
                if image.has_places() {
                    flat = format!("{name}.flat");
                    self.node("Flatten", &[at], &flat, vec![]);
                }
                let rows: Vec<f64> = image
                    .channels_first()
                    .into_iter()
                    .flat_map(|row| weights[row].iter().copied())
                    .collect();
                let shape = [image.len(), biases.len()];
                let weights = self.constant(&format!("{name}.weight"), &shape, &rows);
                let biases = self.constant(&format!("{name}.bias"), &[biases.len()], biases);
                self.node("Gemm", &[&flat, &weights, &biases], &next, vec![]);
            }
        }
        next
    }
}

fn pooled(size: usize) -> Vec<Attribute> {
    ["kernel_shape", "strides"].map(|name| Attribute::integers(name, &[size as i64; 2])).to_vec()
}

/// Weights of squares by output, channel, row and column.
pub(crate) fn outputs_first(weights: &[Vec<f64>], channels: usize) -> Vec<f64> {
    let outputs = weights.first().map_or(0, Vec::len);
    let taps = weights.len() / channels;
    let each = (0..outputs).flat_map(|j| (0..channels).map(move |c| (j, c)));
    each.flat_map(|(j, c)| (0..taps).map(move |tap| weights[tap * channels + c][j])).collect()
}

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(string, tag = "3")]
    producer_version: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, tag = "2")]
    f: f32,
    #[prost(int64, tag = "3")]
    i: i64,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    ints: Vec<i64>,
    #[prost(enumeration = "AttributeType", tag = "20")]
    r#type: i32,
}

impl Attribute {
    fn integer(name: &str, i: i64) -> Self {
        Self { name: name.to_owned(), i, r#type: AttributeType::Int.into(), ..Self::default() }
    }

    fn integers(name: &str, ints: &[i64]) -> Self {
        let r#type = AttributeType::Ints.into();
        Self { name: name.to_owned(), ints: ints.to_vec(), r#type, ..Self::default() }
    }

    fn float(name: &str, f: f64) -> Self {
        let r#type = AttributeType::Float.into();
        Self { name: name.to_owned(), f: f as f32, r#type, ..Self::default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
enum AttributeType {
    Undefined = 0,
    Float = 1,
    Int = 2,
    Ints = 7,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(enumeration = "Element", tag = "2")]
    data_type: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
enum Element {
    Undefined = 0,
    Float = 1,
    Int64 = 7,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<TypeProto>,
}

impl ValueInfo {
    /// Of any number of records.
    fn matrix(name: &str, columns: usize) -> Self {
        let records = Dimension { value: Some(dimension::Value::Name("records".to_owned())) };
        let columns = Dimension { value: Some(dimension::Value::Len(columns as i64)) };
        let shape = Some(ShapeProto { dim: vec![records, columns] });
        let tensor = TensorType { elem_type: Element::Float.into(), shape };
        Self { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
    }
}

#[derive(Clone, PartialEq, Message)]
struct TypeProto {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(enumeration = "Element", tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<ShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct ShapeProto {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(oneof = "dimension::Value", tags = "1, 2")]
    value: Option<dimension::Value>,
}

mod dimension {
    use super::Oneof;

    #[derive(Clone, PartialEq, Oneof)]
    pub(super) enum Value {
        #[prost(int64, tag = "1")]
        Len(i64),
        #[prost(string, tag = "2")]
        Name(String),
    }
}
