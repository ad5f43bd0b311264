//! A function as one query calls it: ready for its constant arguments.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Context, Function, Refusal};
use crate::value::Value;

/// A function that knows the constants among its arguments; it still gets all of them.
pub type Prepared = Arc<dyn for<'a> Fn(&Context, &[Value<'a>]) -> Value<'a> + Send + Sync>;

/// What a call runs.
#[derive(Clone)]
pub struct Callee {
    function: &'static Function,
    prepared: Option<Prepared>,
}

impl Callee {
    /// Makes `function` ready. `constants` are its arguments, `None` for those that are only known over a row.
    ///
    /// # Errors
    /// What [`Function::prepare`] refuses: a regular expression that is none, or that is not a constant.
    pub fn of(function: &'static Function, constants: &[Option<&Value<'static>>]) -> Result<Callee, Refusal> {
        let prepared = function.prepare.map(|prepare| prepare(constants)).transpose()?;
        Ok(Callee { function, prepared })
    }

    /// The same function, with what runs in its place.
    pub fn with(self, run: impl for<'a> Fn(&Context, &[Value<'a>]) -> Value<'a> + Send + Sync + 'static) -> Callee {
        Callee { prepared: Some(Arc::new(run)), ..self }
    }

    /// The value of a call.
    pub fn run<'a>(&self, context: &Context, arguments: &[Value<'a>]) -> Value<'a> {
        match &self.prepared {
            Some(prepared) => prepared(context, arguments),
            None => (self.function.call)(context, arguments),
        }
    }
}

impl Deref for Callee {
    type Target = Function;

    fn deref(&self) -> &Function {
        self.function
    }
}

impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.name)
    }
}

/// Wraps what runs in place of a function's `call`; a closure learns its lifetimes from this signature.
pub(super) fn prepared(
    run: impl for<'a> Fn(&Context, &[Value<'a>]) -> Value<'a> + Send + Sync + 'static,
) -> Result<Prepared, Refusal> {
    Ok(Arc::new(run))
}
