//! What is proven of a training before it begins, and what is found out if it leads too far.

use sharewell_analytics::models::{
    HEADROOM, Layer, Loss, Network, Optimiser, Reach, Shape, Training,
};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_ring::{Integer, Z64, Z128};

use crate::case::{Case, all, reach};

fn proven<R: Integer>(case: &Case) {
    let scales = case.training(R::BITS).scales();
    let one = 1i128 << scales.frac;
    let far = |of: &Vec<f64>| if of.iter().any(|x| x.abs() > 1.0) { 2 * one } else { one };
    let ranges = case.examples.iter().flatten();
    let ranges = ranges.flat_map(|of| vec![Interval::between(-far(of), far(of)); of.len()]);
    let mut bounds = Bounds::<R>::new([ranges.collect(), vec![], vec![]]);
    if let Err(error) = case.train(&mut bounds, None) {
        panic!("{}: {error:?} in {} bits", case.name, R::BITS);
    }
    let found = case.train(&mut Plain::<R>::new(1), None).unwrap();
    let ([beyond, outputs], [after @ .., losses]) = found.split_first_chunk().unwrap() else {
        panic!("{} parts", found.len());
    };
    let steps = losses.iter().zip(after).flat_map(|(loss, after)| [vec![*loss], after.clone()]);
    let all = [outputs.clone()].into_iter().chain(steps).chain([beyond.clone()]);
    let all: Vec<i128> = all.flatten().collect();
    assert_eq!(all.len(), bounds.outputs().len());
    for (value, interval) in all.iter().zip(bounds.outputs()) {
        let (lo, hi) = (interval.lo.unwrap_or(i128::MIN), interval.hi.unwrap_or(i128::MAX));
        assert!((lo..=hi).contains(value), "{}: {value} outside {interval}", case.name);
    }
}

#[test]
fn intervals_prove_that_no_number_leaves_its_ring() {
    for case in all() {
        proven::<Z64>(&case);
        proven::<Z128>(&case);
    }
}

#[test]
fn a_training_that_runs_away_is_found_out_and_its_layer_named() {
    let mut case = all().into_iter().find(|case| case.name == "curves").unwrap();
    case.rate = 40.0;
    let opened = case.train(&mut Plain::<Z128>::new(1), None).unwrap();
    assert_eq!(opened[0].len(), 2);
    assert!(opened[0].contains(&1), "{:?}", opened[0]);
}

#[test]
fn what_no_ring_holds_is_refused_and_named() {
    let shape = Shape::flat(1000);
    let layers: Vec<Layer> =
        (0..12).flat_map(|_| [Layer::Dense { outputs: 1000 }, Layer::Relu]).collect();
    // Inputs from minus to plus a thousand million.
    let far = Reach { norm: 1e9 * 1000f64.sqrt(), element: 1e9 };
    let network = Network::new((shape, far), &layers, HEADROOM).unwrap();
    let sgd = Optimiser::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    let of = |bits| Training::new(network.clone(), (Loss::CrossEntropy, sgd), (32, 0.1), bits);
    assert!(of(128).is_ok());
    let refused = of(64).unwrap_err().to_string();
    assert!(refused.contains("dense") && refused.contains("64 bits"), "{refused}");
    let wrong = [
        (Layer::Convolution { channels: 2, kernel: 5, stride: 1, padding: 0 }, "nothing comes out"),
        (Layer::Convolution { channels: 2, kernel: 0, stride: 1, padding: 0 }, "kernel"),
        (Layer::Convolution { channels: 2, kernel: 1, stride: 0, padding: 0 }, "stride"),
        (Layer::Dense { outputs: 0 }, "nothing comes out"),
        (Layer::MaxPool { size: 9 }, "no square"),
        (Layer::AveragePool { size: 0 }, "no square"),
        (Layer::LeakyRelu { slope: 2.0 }, "slope"),
        (Layer::Dropout { rate: 1.0 }, "rate"),
        (Layer::Residual(vec![Layer::Dense { outputs: 3 }]), "comes out"),
    ];
    for (layer, why) in wrong {
        let shape = Shape { height: 4, width: 4, channels: 1 };
        let layers = [Layer::Relu, layer];
        let misfit = Network::new((shape, reach(shape)), &layers, HEADROOM).unwrap_err();
        assert!(misfit.layer == 2 && misfit.why.contains(why), "{misfit}");
    }
}

/// Norms that nothing proves are looked at: so what two convolutions and two dense layers learn fits
/// a ring of 64 bits.
#[test]
fn the_network_of_lecun_fits_sixty_four_bits() {
    let convolution = |channels| Layer::Convolution { channels, kernel: 5, stride: 1, padding: 0 };
    let pooled = |channels| [convolution(channels), Layer::MaxPool { size: 2 }, Layer::Relu];
    let dense = |outputs| Layer::Dense { outputs };
    let layers = [&pooled(20)[..], &pooled(50), &[dense(500), Layer::Relu, dense(10)]].concat();
    let shape = Shape { height: 28, width: 28, channels: 1 };
    let network = Network::new((shape, reach(shape)), &layers, HEADROOM).unwrap();
    let sgd = Optimiser::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 };
    let training = Training::new(network, (Loss::CrossEntropy, sgd), (128, 0.05), 64).unwrap();
    let scales = training.scales();
    assert!(scales.frac >= 14 && scales.weight >= scales.frac, "{scales:?}");
}
