//! NumPy files: a row for each entry of the first axis.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::arrow::datatypes::DataType;
use npyz::{NpyFile, Order};

use super::a_file;
use super::typed::{Typed, batch};
use crate::{Error, SourceFault};

/// Numbers of a record batch.
const BATCH_NUMBERS: usize = 1 << 20;
/// More numbers of a row than these no study takes.
const NUMBERS_MAX: u64 = 1 << 16;

/// `row`, from 1; then `NAME_1` and so on, the other axes one after the other as NumPy keeps them, or
/// `NAME` alone if there is no other axis.
pub(super) fn open(path: &Path, name: &str) -> Result<Typed, Error> {
    let file = opened(path)?;
    let of = |why: &str| fault(path, SourceFault::NumPy(why.to_owned()));
    if file.order() == Order::Fortran && file.shape().len() > 1 {
        return Err(of("its last axis comes first; save numpy.ascontiguousarray of it"));
    }
    let shape = file.shape().to_vec();
    let Some((&rows, rest)) = shape.split_first() else {
        return Err(of("it holds one number, no rows"));
    };
    let width = rest.iter().try_fold(1u64, |all, &side| all.checked_mul(side));
    let Some(width) = width.filter(|width| (1..=NUMBERS_MAX).contains(width)) else {
        return Err(of(&format!("a row has none or more than {NUMBERS_MAX} numbers")));
    };
    let dtype = file.dtype().descr();
    let Some((kind, _)) = numbers(file) else {
        let why = format!("its type is {dtype}; wanted are truths, whole numbers or floats");
        return Err(of(&why));
    };
    let names: Vec<String> = match rest {
        [] => vec![name.to_owned()],
        _ => (1..=width).map(|i| format!("{name}_{i}")).collect(),
    };
    let of = if kind == Kind::Real { DataType::Float64 } else { DataType::Int64 };
    let row = ("row".to_owned(), DataType::Int64);
    let columns = [row].into_iter().chain(names.into_iter().map(|name| (name, of.clone())));
    let (path, width) = (path.to_owned(), width as usize);
    Ok(Typed::new(columns, rows, move |schema, take| {
        let ended = || fault(&path, SourceFault::NumPy("it ends too early".to_owned()));
        let (_, mut numbers) = numbers(opened(&path)?).ok_or_else(ended)?;
        let mut first = 1;
        while first <= rows {
            let len = (BATCH_NUMBERS / width).max(1).min((rows - first + 1) as usize);
            let mut columns = vec![Vec::with_capacity(len); width];
            for i in 0..len * width {
                let number = numbers.next().and_then(Result::ok);
                columns[i % width].push(number.ok_or_else(ended)?);
            }
            let places = Int64Array::from_iter_values(first as i64..(first + len as u64) as i64);
            let places: ArrayRef = Arc::new(places);
            let columns =
                [places].into_iter().chain(columns.iter().map(|of| array(kind, of))).collect();
            if !take(batch(schema, columns, first)) {
                break;
            }
            first += len as u64;
        }
        Ok(())
    }))
}

type Npy = NpyFile<BufReader<File>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Real,
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Real(f64),
}

fn array(kind: Kind, numbers: &[Number]) -> ArrayRef {
    let whole = |number: &Number| match *number {
        Number::Whole(x) => x,
        Number::Real(x) => x as i64,
    };
    let real = |number: &Number| match *number {
        Number::Whole(x) => x as f64,
        Number::Real(x) => x,
    };
    match kind {
        Kind::Whole => Arc::new(Int64Array::from_iter_values(numbers.iter().map(whole))),
        Kind::Real => Arc::new(Float64Array::from_iter_values(numbers.iter().map(real))),
    }
}

type Numbers = Box<dyn Iterator<Item = io::Result<Number>>>;

/// All numbers, if they are truths, floats, or whole numbers that 64 bits with a sign hold.
fn numbers(mut file: Npy) -> Option<(Kind, Numbers)> {
    macro_rules! as_one_of {
        ($($of:ty => $kind:ident),*) => {$(
            match file.try_data::<$of>() {
                Ok(data) => {
                    let numbers = data.map(|x| x.map(|x| Number::$kind(x.into())));
                    return Some((Kind::$kind, Box::new(numbers)));
                }
                Err(back) => file = back,
            }
        )*};
    }
    as_one_of!(
        u8 => Whole, i8 => Whole, u16 => Whole, i16 => Whole, u32 => Whole, i32 => Whole,
        i64 => Whole, bool => Whole, f32 => Real, f64 => Real
    );
    drop(file);
    None
}

fn opened(path: &Path) -> Result<Npy, Error> {
    a_file(path)?;
    let file = File::open(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let read = NpyFile::new(BufReader::new(file));
    read.map_err(|error| fault(path, SourceFault::NumPy(error.to_string())))
}

fn fault(path: &Path, fault: SourceFault) -> Error {
    Error::Source { place: path.display().to_string(), line: None, fault }
}
