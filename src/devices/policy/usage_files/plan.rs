//! In which portions the reports of a large file are taken in. Those of one product instance go together, wherever they stand
//! in it: within one file the order of the lines means nothing.

use super::whole;
use crate::devices::model::Udi;
use crate::devices::policy::files;
use crate::devices::policy::payload::Sent;
use crate::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

/// So many reports are taken in with one write, if no product instance has more.
const SOME: usize = 2_000;
/// So many are held at a time while portions wait for the rest of theirs: where product instances lie scattered over the file,
/// it is read more than once.
const HELD: usize = 20_000;

/// A product instance in eight bytes. Two with the same mark would only go together.
pub fn mark(udi: &Udi) -> u64 {
    let mut hasher = DefaultHasher::new();
    udi.key().hash(&mut hasher);
    hasher.finish()
}

/// Which reports of a file are taken in with which write.
pub struct Plan {
    /// Of each report, in the order of the file: its portion; none for one of which something was made already.
    portion_of: Vec<Option<usize>>,
    /// How many reports each portion has. They are numbered in the order in which they begin in the file.
    sizes: Vec<usize>,
}

impl Plan {
    /// Reads a file for who reported what, and leaves out the reports with these numbers, from 1.
    pub fn of(file: &mut dyn Read, done: &HashSet<i64>) -> Result<Self> {
        Self::within(file, done, SOME)
    }

    fn within(file: &mut dyn Read, done: &HashSet<i64>, some: usize) -> Result<Self> {
        // What goes together: the reports of a product instance, and each alone that names none.
        let mut marked: HashMap<u64, usize> = HashMap::new();
        let mut together: Vec<usize> = Vec::new();
        let mut groups: Vec<Option<usize>> = Vec::new();
        files::each(file, &mut |sent| {
            if done.contains(&whole(groups.len() + 1)) {
                groups.push(None);
                return Ok(());
            }
            let next = together.len();
            let group = sent
                .named()
                .map_or(next, |udi| *marked.entry(mark(&udi)).or_insert(next));
            match together.get_mut(group) {
                Some(many) => *many += 1,
                None => together.push(1),
            }
            groups.push(Some(group));
            Ok(())
        })?;
        let mut sizes: Vec<usize> = Vec::new();
        let mut portions = Vec::with_capacity(together.len());
        for many in together {
            match sizes.last_mut() {
                Some(size) if *size + many <= some => *size += many,
                _ => sizes.push(many),
            }
            portions.push(sizes.len() - 1);
        }
        let portion_of = groups
            .into_iter()
            .map(|group| portions.get(group?).copied())
            .collect();
        Ok(Self { portion_of, sizes })
    }

    /// How many portions there are.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Hands each portion on as soon as it is whole, until nobody takes them any more. `open` gives the file from its start.
    pub fn each<R: Read>(
        &self,
        open: impl Fn() -> R,
        hand_on: impl FnMut(Vec<(usize, Sent)>) -> bool,
    ) -> Result<()> {
        self.each_within(HELD, open, hand_on)
    }

    fn each_within<R: Read>(
        &self,
        most: usize,
        open: impl Fn() -> R,
        mut hand_on: impl FnMut(Vec<(usize, Sent)>) -> bool,
    ) -> Result<()> {
        let mut from = 0;
        while from < self.sizes.len() {
            let mut until = self.sizes.len();
            let mut begun: HashMap<usize, Vec<(usize, Sent)>> = HashMap::new();
            let (mut number, mut held) = (0, 0);
            files::each(&mut open(), &mut |sent| {
                let portion = self.portion_of.get(number).copied().flatten();
                number += 1;
                let Some(portion) = portion.filter(|portion| (from..until).contains(portion)) else {
                    return Ok(());
                };
                if held >= most && !begun.contains_key(&portion) {
                    until = portion;
                    return Ok(());
                }
                let some = begun.entry(portion).or_default();
                some.push((number - 1, sent));
                held += 1;
                if self.sizes.get(portion) == Some(&some.len()) {
                    held -= some.len();
                    if !hand_on(begun.remove(&portion).unwrap_or_default()) {
                        return Err(Error::internal("nobody takes the portions of a usage file"));
                    }
                }
                Ok(())
            })?;
            from = until;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::policy::files::usage_file;
    use proptest::prelude::*;
    use serde_json::json;

    /// A report of a product instance; of none for 0.
    fn sent(device: u8) -> Sent {
        let sudi = json!({ "udi_pid": "C9200", "udi_serial_number": format!("S{device}") });
        let payload = json!({ "asset_identification": { "instance": { "sudi": sudi } } });
        Sent {
            payload: if device == 0 {
                String::new()
            } else {
                payload.to_string()
            },
            signing: String::new(),
            key: String::new(),
            value: String::new(),
        }
    }

    proptest! {
        #[test]
        fn every_report_comes_once_and_those_of_a_product_instance_together(
            devices in proptest::collection::vec(0..20_u8, 1..200), done in proptest::collection::hash_set(1..200_i64, 0..50),
            some in 1..20_usize, most in 1..40_usize,
        ) {
            let sent: Vec<Sent> = devices.iter().map(|device| sent(*device)).collect();
            let file = usage_file(&sent);
            let plan = Plan::within(&mut file.as_bytes(), &done, some).unwrap();
            let (mut came, mut owner, mut portions) = (Vec::new(), HashMap::new(), 0);
            plan.each_within(most, || file.as_bytes(), |portion| {
                for (number, one) in &portion {
                    came.push(*number);
                    assert_eq!(*one, sent[*number]);
                    if devices[*number] > 0 {
                        assert_eq!(*owner.entry(devices[*number]).or_insert(portions), portions);
                    }
                }
                portions += 1;
                true
            }).unwrap();
            came.sort_unstable();
            let wanted: Vec<usize> = (0..devices.len()).filter(|n| !done.contains(&whole(n + 1))).collect();
            prop_assert_eq!(came, wanted);
            prop_assert_eq!(portions, plan.len());
        }
    }
}
