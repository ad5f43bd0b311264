//! What a program says of itself. The binder puts in what reads the patterns.
//!
//! <https://learn.microsoft.com/kusto/query/parse-user-agent-function>

use super::{Function, Param};

/// The function that needs a file of patterns.
pub const USER_AGENT: &str = "parse_user_agent";

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    USER_AGENT,
    "parse_user_agent(user_agent, look_for)",
    "A bag of what the file of --user-agents makes of a user agent: Browser, OperatingSystem, Device, for each of \"browser\", \
     \"os\" and \"device\" that a text or an array asks for; null if none is. What the file does not know is of the family Other.",
)
.takes(2, 2, &[Param::Text])];
