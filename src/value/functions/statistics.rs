//! Distributions and tests of statistics.
//!
//! <https://learn.microsoft.com/kusto/query/beta-cdf-function> and its neighbours,
//! <https://learn.microsoft.com/kusto/query/welch-test-function>.

use super::arguments::real_at;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const REAL: ScalarType = ScalarType::Real;

/// Steps of the continued fraction, and of the search for a quantile. Both come to a rest long before.
const MAX_STEPS: usize = 10_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "beta_cdf",
        "beta_cdf(x, alpha, beta)",
        "How much of the beta distribution lies below x; NaN outside of 0 to 1, unless beta is above zero, and beyond 10,000,000, \
         where the digits do not suffice. Unless alpha is above zero, it is 1: so the engine has it, where the documentation says \
         NaN.",
    )
    .takes(3, 3, &[Param::Number])
    .calls(REAL, |_, a| three(a, cdf)),
    Function::of(
        "beta_pdf",
        "beta_pdf(x, alpha, beta)",
        "The density of the beta distribution at x; NaN outside of 0 to 1, and unless alpha and beta are above zero.",
    )
    .takes(3, 3, &[Param::Number])
    .calls(REAL, |_, a| three(a, pdf)),
    Function::of(
        "beta_inv",
        "beta_inv(probability, alpha, beta)",
        "The x that so much of the beta distribution lies below; null outside of 0 to 1, NaN unless alpha and beta are above zero, and beyond 10,000,000.",
    )
    .takes(3, 3, &[Param::Number])
    .calls(REAL, |_, a| match real_at(a, 0) {
        Some(probability) if (0.0..=1.0).contains(&probability) => three(a, inverse),
        _ => Value::Null,
    }),
    Function::of(
        "welch_test",
        "welch_test(mean1, variance1, count1, mean2, variance2, count2)",
        "The p-value of Welch's test of two samples, both tails: how likely means so far apart are if they are of one mean.",
    )
    .takes(6, 6, &[Param::Number])
    .calls(REAL, |_, a| welch(a).map_or(Value::Null, Value::Real)),
];

fn three<'a>(arguments: &[Value<'_>], f: impl Fn(f64, f64, f64) -> f64) -> Value<'a> {
    let all = real_at(arguments, 0).zip(real_at(arguments, 1)).zip(real_at(arguments, 2));
    all.map_or(Value::Null, |((x, alpha), beta)| Value::Real(f(x, alpha, beta)))
}

/// The largest parameter. The continued fraction takes as many steps as its root, and the logarithms lose as many digits.
const LARGEST: f64 = 1e7;

fn cdf(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) || beta.is_nan() || beta <= 0.0 || alpha.max(beta) > LARGEST {
        f64::NAN
    } else if alpha <= 0.0 {
        1.0
    } else {
        incomplete_beta(x, alpha, beta)
    }
}

fn pdf(x: f64, alpha: f64, beta: f64) -> f64 {
    if !((0.0..=1.0).contains(&x) && alpha > 0.0 && beta > 0.0) {
        return f64::NAN;
    }
    // 0 to the power of 0 is 1: at an end whose exponent is 0 the logarithm must not be asked.
    let power = |base: f64, exponent: f64| if exponent == 0.0 { 0.0 } else { exponent * base.ln() };
    (power(x, alpha - 1.0) + power(1.0 - x, beta - 1.0) - ln_beta(alpha, beta)).exp()
}

/// By halves, for the distribution rises: as many steps as a real has digits.
fn inverse(probability: f64, alpha: f64, beta: f64) -> f64 {
    if !(alpha > 0.0 && beta > 0.0) || alpha.max(beta) > LARGEST {
        return f64::NAN;
    }
    if probability <= 0.0 || probability >= 1.0 {
        return probability;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..MAX_STEPS {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if incomplete_beta(middle, alpha, beta) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The regularized incomplete beta function by its continued fraction (<https://dlmf.nist.gov/8.17.E22>), which is asked on the
/// side where it is quick and worked out by Lentz's method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 || x.is_nan() {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - fraction(1.0 - x, b, a);
    }
    fraction(x, a, b)
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const LEAST: f64 = 1e-300;
    let away = |n: f64| if n.abs() < LEAST { LEAST } else { n };
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp() / a;
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut sum = d;
    for step in 1..MAX_STEPS {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut last = 1.0;
        for part in [even, odd] {
            d = 1.0 / away(1.0 + part * d);
            c = away(1.0 + part / c);
            last = c * d;
            sum *= last;
        }
        if (last - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * sum
}

/// <https://en.wikipedia.org/wiki/Welch%27s_t-test>; the degrees of freedom are those of Welch and Satterthwaite.
fn welch(arguments: &[Value<'_>]) -> Option<f64> {
    let at = |at: usize| real_at(arguments, at);
    let (mean, other_mean) = (at(0)?, at(3)?);
    let (count, other_count) = (at(2)?, at(5)?);
    let (error, other_error) = (at(1)? / count, at(4)? / other_count);
    let both = error + other_error;
    let t = (mean - other_mean) / both.sqrt();
    let freedom = both * both / (error * error / (count - 1.0) + other_error * other_error / (other_count - 1.0));
    if !(t.is_finite() && freedom > 0.0) {
        return Some(f64::NAN);
    }
    Some(incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5))
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    fn reals(numbers: &[f64]) -> Vec<Value<'static>> {
        numbers.iter().copied().map(Value::Real).collect()
    }

    #[track_caller]
    fn near(name: &str, numbers: &[f64], expected: f64) {
        let value = call(name, &reals(numbers));
        let close = |n: f64| (n - expected).abs() <= expected.abs() * 1e-11 || n.is_nan() && expected.is_nan();
        assert!(matches!(value, Value::Real(n) if close(n)), "{name} {numbers:?}: {value:?}");
    }

    /// From the documentation's examples, as the Kusto Emulator answers them.
    #[test]
    fn documented_distributions() {
        near("beta_cdf", &[0.9, 10.0, 20.0], 0.9999999999999593);
        near("beta_cdf", &[1.5, 10.0, 20.0], f64::NAN);
        near("beta_cdf", &[0.5, 1e11, 1e11], f64::NAN);
        near("beta_cdf", &[0.1, -1.0, 20.0], 1.0);
        near("beta_pdf", &[0.5, 10.0, 20.0], 0.746176019310951);
        near("beta_pdf", &[-10.0, 10.0, 20.0], f64::NAN);
        near("beta_pdf", &[0.1, -1.0, 20.0], f64::NAN);
        near("beta_inv", &[0.1, 10.0, 20.0], 0.22641502238874897);
        near("beta_inv", &[0.1, -1.0, 20.0], f64::NAN);
        assert_eq!(call("beta_inv", &reals(&[1.5, 10.0, 20.0])), Value::Null);
        let samples = [20.819999999999997, 7.8674285714, 15.0, 22.986666666666668, 3.8126666667, 15.0];
        near("welch_test", &samples, 0.02137800146286441);
    }

    /// Distributions that have a formula: of 1 and 1, and of 1 and n.
    #[test]
    fn known_distributions() {
        for x in [0.0, 0.25, 0.5, 1.0] {
            near("beta_cdf", &[x, 1.0, 1.0], x);
            near("beta_pdf", &[x, 1.0, 1.0], 1.0);
            near("beta_inv", &[x, 1.0, 1.0], x);
            near("beta_cdf", &[x, 1.0, 3.0], 1.0 - (1.0 - x).powi(3));
        }
        near("beta_cdf", &[0.5, 500.0, 500.0], 0.5);
        near("welch_test", &[1.0, 0.0, 5.0, 1.0, 0.0, 5.0], f64::NAN);
    }
}
