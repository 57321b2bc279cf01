//! Models that are trained.

use std::ops::Range;

use toml::Spanned;

use super::to_f64;
use crate::document::Section;
use crate::parse::Reader;
use crate::{
    Decimal, Descent, Keep, Kind, Label, Layer, Loss, Metric, Missing, Predicate, RowExpr,
    Schedule, Shuffle, Table, Training, sql,
};

/// Most layers of a network.
const LAYERS_MAX: usize = 100;
/// Most outputs of a layer.
const OUTPUTS_MAX: u32 = 1 << 16;
/// Most features.
const FEATURES_MAX: usize = 4096;
/// Most numbers beside a class.
const ALSO_MAX: usize = 64;
const BATCH: u32 = 32;
const BATCH_MAX: u32 = 1 << 14;
const EPOCHS_MAX: u32 = 10_000;

/// What is not there was refused.
struct Watched {
    validation: Option<Option<Predicate>>,
    keep: Option<Keep>,
    order: Option<Shuffle>,
    metrics: Option<Vec<Metric>>,
}

impl Reader<'_> {
    pub(super) fn training(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
    ) -> Option<Training> {
        let features = self.features(section, table);
        let image = self.image(section, features.as_deref());
        let label = self.label(section, table);
        let also = self.also(section, table, label.as_ref());
        let loss = self.loss(section, label.as_ref(), also.as_deref());
        let standardise = match section.has("standardise") {
            true => section.optional("standardise").map(Spanned::into_inner),
            false => Some(true),
        };
        let filter = self.condition(section, "where", table);
        let test = self.condition(section, "test", table);
        let watched = self.watched(section, table);
        let (place, sections) = (section.span(), section.sections("layer"));
        let layers = self.layers(sections, section);
        let descent = self.descent(section);
        let help = "each passes over all records once";
        let epochs = self.between(section, "epochs", 1..=EPOCHS_MAX, help);
        let help = "any number: with another one, fresh weights and the order of records differ";
        let seed = self.between(section, "seed", 0..=u32::MAX, help);
        let (label, layers, table) = (label?, layers?, table?);
        let also = also?;
        let (loss, metrics) = (loss?, watched.metrics?);
        let is_told = |of: &Metric| loss == Loss::CrossEntropy || *of == Metric::Loss;
        self.require(metrics.iter().all(is_told), place.clone(), || {
            let help = "leave them out of `metrics`, or take a category and cross-entropy";
            ("curves and calibration are of probabilities".to_owned(), help.to_owned())
        })?;
        self.fits(place, &layers, (&label, also.len(), table))?;
        Some(Training {
            features: features?,
            image: image?,
            label,
            also,
            loss,
            standardise: standardise?,
            filter: filter?,
            test: test?,
            validation: watched.validation?,
            keep: watched.keep?,
            order: watched.order?,
            metrics,
            layers,
            descent: descent?,
            epochs: epochs?.unwrap_or(10),
            seed: seed?.unwrap_or(1).into(),
        })
    }

    /// That the last layer has the outputs that are told.
    fn fits(
        &self,
        place: Range<usize>,
        layers: &[Layer],
        (label, also, table): (&Label, usize, &Table),
    ) -> Option<()> {
        let outputs = label.outputs(table) + also;
        let last = layers.last();
        let ends = matches!(last, Some(Layer::Dense { outputs: of }) if *of as usize == outputs);
        self.require(ends, place, || {
            let name = |column: &usize| &table.columns[*column].name;
            let help = match label {
                Label::Class(column) if also == 0 => {
                    format!("one for each value of `{}`; softmax is part of the loss", name(column))
                }
                Label::Class(column) => format!(
                    "one for each value of `{}`, then one for each number of `also`",
                    name(column)
                ),
                Label::Number(_) => "the label is one number".to_owned(),
            };
            (format!("the last layer must be dense with {outputs} outputs"), help)
        })
    }

    /// The records that tell how far it has come, whose weights are kept, who knows the order, and
    /// what else is told.
    fn watched(&self, section: &Section<'_>, table: Option<&Table>) -> Watched {
        let validation = self.condition(section, "validation", table);
        let ways = [("last", Keep::Last), ("best", Keep::Best)];
        let keep = self.chosen(section, "keep", &ways).and_then(|keep| {
            let best = keep.as_ref().is_some_and(|keep| *keep.get_ref() == Keep::Best);
            let span = keep.as_ref().map_or(0..0, Spanned::span);
            self.require(!best || section.has("validation"), span, || {
                let help = "say by `validation = \"...\"` which records tell the best from others";
                ("there is nothing to tell the best epoch by".to_owned(), help.to_owned())
            })?;
            Some(keep.map_or(Keep::Last, Spanned::into_inner))
        });
        let orders = [("public", Shuffle::Public), ("secret", Shuffle::Secret)];
        let order = self.chosen(section, "order", &orders);
        let order = order.map(|order| order.map_or(Shuffle::Public, Spanned::into_inner));
        Watched { validation, keep, order, metrics: self.metrics(section) }
    }

    /// A word that may be left out.
    fn chosen<T: Copy>(
        &self,
        section: &Section<'_>,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<Option<Spanned<T>>> {
        if !section.has(key) {
            return Some(None);
        }
        let word: Spanned<String> = section.optional(key)?;
        let chosen = self.choice(&word, choices)?;
        Some(Some(Spanned::new(word.span(), chosen)))
    }

    fn metrics(&self, section: &Section<'_>) -> Option<Vec<Metric>> {
        if !section.has("metrics") {
            return Some(vec![]);
        }
        let words: Spanned<Vec<Spanned<String>>> = section.optional("metrics")?;
        let span = words.span();
        let names = Metric::ALL.map(|metric| (metric.name(), metric));
        let words = words.into_inner();
        let mut metrics: Vec<Metric> =
            words.iter().map(|word| self.choice(word, &names)).collect::<Option<_>>()?;
        metrics.sort();
        metrics.dedup();
        let tested = metrics.iter().any(|metric| *metric != Metric::Loss);
        self.require(!tested || section.has("test"), span, || {
            let help = "say by `test = \"...\"` which records are held out";
            ("curves and calibration are those of tested records".to_owned(), help.to_owned())
        })?;
        Some(metrics)
    }

    /// How the learning rate changes.
    fn schedule(&self, section: &Section<'_>) -> Option<Schedule> {
        let Some(section) = section.optional_section("schedule") else {
            return Some(Schedule::Constant);
        };
        let kind: Spanned<String> = section.required("kind")?;
        let schedule = match self.choice(&kind, &[("step", true), ("cosine", false)])? {
            true => {
                section.required::<u64>("every")?;
                let every = self.between(&section, "every", 1..=EPOCHS_MAX, "epochs").flatten();
                let factor = self.fraction(&section, "factor", None, 0.001..=1.0);
                Schedule::Step { every: every?, factor: factor? }
            }
            false => Schedule::Cosine,
        };
        section.finish();
        Some(schedule)
    }

    /// Columns or expressions; `first .. last` are all columns from one to the other.
    fn features(&self, section: &Section<'_>, table: Option<&Table>) -> Option<Vec<RowExpr>> {
        let texts: Spanned<Vec<Spanned<String>>> = section.required("features")?;
        let span = texts.span();
        let table = table?;
        let mut features: Vec<RowExpr> = vec![];
        for text in texts.into_inner() {
            let found = match text.get_ref().split_once("..") {
                None => vec![self.row(table, &text)?],
                Some((first, last)) => {
                    let ends = [first, last].map(|name| sql::named(table, name.trim()).ok());
                    let [Some(first), Some(last)] = ends else {
                        let message = format!("`{}` are no two columns", text.get_ref());
                        let help = "write `first .. last`, two columns in the order of the schema";
                        self.document.refuse_with_help(text.span(), message, help);
                        return None;
                    };
                    (first..=last).map(RowExpr::Column).collect()
                }
            };
            for feature in found {
                self.require(!features.contains(&feature), text.span(), || {
                    let message = format!("`{}` is a feature twice", feature.to_text(table));
                    (message, "remove one".to_owned())
                })?;
                features.push(feature);
            }
        }
        self.require((1..=FEATURES_MAX).contains(&features.len()), span, || {
            let message = format!("there are {} features", features.len());
            (message, format!("name 1 to {FEATURES_MAX} columns or expressions"))
        })?;
        Some(features)
    }

    /// Height, width and channels, as many numbers as features.
    fn image(
        &self,
        section: &Section<'_>,
        features: Option<&[RowExpr]>,
    ) -> Option<Option<[u32; 3]>> {
        if !section.has("image") {
            return Some(None);
        }
        let sides: Spanned<Vec<Spanned<u64>>> = section.optional("image")?;
        let wanted = features?.len() as u64;
        let numbers: Vec<u64> = sides.get_ref().iter().map(|side| *side.get_ref()).collect();
        let fits = match numbers[..] {
            [height, width, channels] => {
                height.checked_mul(width).and_then(|of| of.checked_mul(channels)) == Some(wanted)
            }
            _ => false,
        };
        self.require(fits, sides.span(), || {
            let help = format!("write height, width and channels of {wanted} features");
            ("`image` is no shape of the features".to_owned(), help)
        })?;
        let numbers: Vec<u32> = numbers.into_iter().map(|side| side as u32).collect();
        numbers.try_into().ok().map(Some)
    }

    /// A column of classes, or a number.
    fn label(&self, section: &Section<'_>, table: Option<&Table>) -> Option<Label> {
        let name: Spanned<String> = section.required("label")?;
        let table = table?;
        let column = sql::named(table, name.get_ref()).ok();
        let kind = column.map(|column| &table.columns[column].kind);
        let Some(Kind::Category { .. } | Kind::Boolean) = kind else {
            return self.row(table, &name).map(Label::Number);
        };
        let column = column?;
        self.require(table.columns[column].missing == Missing::Refuse, name.span(), || {
            let help = "a mapping can leave such records out, or call them a category of their own";
            (format!("`{}` can be missing", name.get_ref()), help.to_owned())
        })?;
        Some(Label::Class(column))
    }

    /// Numbers beside a class.
    fn also(
        &self,
        section: &Section<'_>,
        table: Option<&Table>,
        label: Option<&Label>,
    ) -> Option<Vec<RowExpr>> {
        if !section.has("also") {
            return Some(vec![]);
        }
        let texts: Spanned<Vec<Spanned<String>>> = section.optional("also")?;
        let (table, label) = (table?, label?);
        let span = texts.span();
        let texts = texts.into_inner();
        let of_class = matches!(label, Label::Class(_));
        self.require(of_class && texts.len() <= ALSO_MAX, span, || {
            let help = format!("up to {ALSO_MAX} columns or expressions beside a category");
            ("`also` is what is told beside a class".to_owned(), help)
        })?;
        texts.iter().map(|text| self.row(table, text)).collect()
    }

    /// What fits the label.
    fn loss(
        &self,
        section: &Section<'_>,
        label: Option<&Label>,
        also: Option<&[RowExpr]>,
    ) -> Option<Loss> {
        let names = [
            ("cross_entropy", Loss::CrossEntropy),
            ("hinge", Loss::Hinge),
            ("squared", Loss::Squared),
            ("smooth_l1", Loss::SmoothL1),
        ];
        let chosen = self.chosen(section, "loss", &names)?;
        let of_class = matches!(label?, Label::Class(_));
        let usual = if of_class { Loss::CrossEntropy } else { Loss::Squared };
        let Some(chosen) = chosen else { return Some(usual) };
        let (loss, span) = (*chosen.get_ref(), chosen.span());
        let fits = match loss {
            Loss::CrossEntropy => of_class,
            Loss::Hinge => of_class && also?.is_empty(),
            Loss::Squared | Loss::SmoothL1 => !of_class,
        };
        self.require(fits, span, || {
            let help = match of_class {
                true => "\"cross_entropy\", or \"hinge\" without `also`, is for classes",
                false => "\"squared\" or \"smooth_l1\" is for numbers",
            };
            ("this loss is for another kind of label".to_owned(), help.to_owned())
        })?;
        Some(loss)
    }

    /// A condition that may be left out.
    fn condition(
        &self,
        section: &Section<'_>,
        key: &'static str,
        table: Option<&Table>,
    ) -> Option<Option<Predicate>> {
        if !section.has(key) {
            return Some(None);
        }
        let text: Spanned<String> = section.optional(key)?;
        self.predicate(table?, &text).map(Some)
    }

    fn layers(&self, sections: Vec<Section<'_>>, of: &Section<'_>) -> Option<Vec<Layer>> {
        let count = sections.len();
        let layers: Vec<Option<Layer>> =
            sections.into_iter().map(|section| self.layer(section)).collect();
        self.require((1..=LAYERS_MAX).contains(&count), of.span(), || {
            let help = "write [[objective.layer]] for each, the last one `kind = \"dense\"`";
            (format!("there are {count} layers"), help.to_owned())
        })?;
        layers.into_iter().collect()
    }

    fn layer(&self, section: Section<'_>) -> Option<Layer> {
        let kind: Spanned<String> = section.required("kind")?;
        let names = [
            "dense",
            "convolution",
            "average_pool",
            "max_pool",
            "relu",
            "leaky_relu",
            "sigmoid",
            "tanh",
            "dropout",
        ];
        let choices: Vec<(&str, &str)> = names.iter().map(|name| (*name, *name)).collect();
        let part = |key, most| self.fraction(&section, key, None, 0.0..=most);
        let whole = |key| {
            section.required::<u64>(key)?;
            self.between(&section, key, 1..=OUTPUTS_MAX, "a whole number").flatten()
        };
        let layer = match self.choice(&kind, &choices)? {
            "dense" => whole("outputs").map(|outputs| Layer::Dense { outputs }),
            "convolution" => {
                let help = "1 and 0 are meant if nothing is said";
                let stride = self.between(&section, "stride", 1..=64, help);
                let padding = self.between(&section, "padding", 0..=64, help);
                let (channels, kernel) = (whole("channels"), whole("kernel"));
                let (stride, padding) = (stride?.unwrap_or(1), padding?.unwrap_or(0));
                Some(Layer::Convolution { channels: channels?, kernel: kernel?, stride, padding })
            }
            "average_pool" => whole("size").map(|size| Layer::AveragePool { size }),
            "max_pool" => whole("size").map(|size| Layer::MaxPool { size }),
            "leaky_relu" => part("slope", 1.0).map(|slope| Layer::LeakyRelu { slope }),
            "dropout" => part("rate", 0.95).map(|rate| Layer::Dropout { rate }),
            "relu" => Some(Layer::Relu),
            "sigmoid" => Some(Layer::Sigmoid),
            _ => Some(Layer::Tanh),
        };
        section.finish();
        layer
    }

    fn descent(&self, section: &Section<'_>) -> Option<Descent> {
        let help = "32 to 128 are usual; more take fewer rounds";
        let batch = self.between(section, "batch", 1..=BATCH_MAX, help);
        let rate = self.fraction(section, "learning_rate", None, 1e-6..=10.0);
        let schedule = self.schedule(section);
        let momentum = self.fraction(section, "momentum", Some(0.0), 0.0..=0.99);
        let weight_decay = self.fraction(section, "weight_decay", Some(0.0), 0.0..=1.0);
        let nesterov = match section.has("nesterov") {
            true => section.optional("nesterov").map(Spanned::into_inner),
            false => Some(false),
        };
        Some(Descent {
            batch: batch?.unwrap_or(BATCH),
            learning_rate: rate?,
            schedule: schedule?,
            momentum: momentum?,
            nesterov: nesterov?,
            weight_decay: weight_decay?,
        })
    }

    /// A number of a range, perhaps with one that is meant if nothing is said.
    fn fraction(
        &self,
        section: &Section<'_>,
        key: &'static str,
        silent: Option<f64>,
        range: std::ops::RangeInclusive<f64>,
    ) -> Option<f64> {
        if let (Some(silent), false) = (silent, section.has(key)) {
            return Some(silent);
        }
        let number: Spanned<Decimal> = section.required(key)?;
        let value = to_f64(*number.get_ref());
        self.require(range.contains(&value), number.span(), || {
            let message = format!("`{key}` is {value}");
            (message, format!("write a number from {} to {}", range.start(), range.end()))
        })?;
        Some(value)
    }
}
