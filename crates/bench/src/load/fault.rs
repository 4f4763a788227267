//! Exchanges that fail.

/// What an exchange that fails means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFault {
    /// The run is worthless.
    Stop,
    /// It is counted, and the connection goes on as a new one.
    Count,
}

/// What failed.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    count: u32,
    first: Option<anyhow::Error>,
}

impl Faults {
    /// Counts a failure, or gives it back where it has to stop the run.
    pub(crate) fn note(&mut self, error: anyhow::Error, on_fault: OnFault) -> anyhow::Result<()> {
        match on_fault {
            OnFault::Stop => Err(error),
            OnFault::Count => {
                self.extend(Self { count: 1, first: Some(error) });
                Ok(())
            }
        }
    }

    /// Adds those of another connection or slice.
    pub(crate) fn extend(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.take().or(other.first);
    }

    /// How many there are.
    pub(crate) fn count_as_figure(&self) -> f64 {
        self.count.into()
    }

    /// How many, and what the first one was; `None`: nothing failed.
    pub(crate) fn told(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(format!("{} exchanges failed, the first: {first:#}", self.count))
    }
}
