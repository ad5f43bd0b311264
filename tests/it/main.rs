//! Tests of kqltap from outside, in one binary, so that it is linked once.

mod agreement;
