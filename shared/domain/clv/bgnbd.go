package clv

import (
	"math"
)

// History is what BG/NBD needs to know of a buyer (Fader, Hardie & Lee 2005). Times are in weeks.
type History struct {
	Repeats int     // x: days with a purchase after the first such day
	Last    float64 // t_x: from the first purchase day to the last, 0 without repeats
	Span    float64 // T: from the first purchase day to the end of what is known
}

// BGNBD is the beta-geometric/NBD model of purchases without a contract. While alive, a buyer purchases as a Poisson process whose rate differs
// between buyers as gamma(R, Alpha), in purchases a week; after each purchase the buyer leaves for good with a probability that differs as
// beta(A, B). All parameters are above 0.
type BGNBD struct{ R, Alpha, A, B float64 }

// Alive is the probability that the buyer has not left, 1 without repeats (a buyer leaves after a purchase, and the first is no evidence
// against it). Fader, Hardie & Lee 2008, note 021.
func (m BGNBD) Alive(h History) float64 {
	if h.Repeats == 0 {
		return 1
	}
	x := float64(h.Repeats)
	odds := math.Log(m.A/(m.B+x-1)) + (m.R+x)*math.Log((m.Alpha+h.Span)/(m.Alpha+h.Last))
	return 1 / (1 + math.Exp(odds))
}

// Expected is the mean number of repeat purchases of a new buyer in the first weeks, 0 for weeks of 0 or less.
func (m BGNBD) Expected(weeks float64) float64 {
	return purchases(m.R, m.Alpha, m.A, m.B, weeks)
}

// ExpectedOf is the mean number of purchases of a buyer in the coming weeks. It is the formula of Fader, Hardie & Lee (2005, eq. 10), without
// its hypergeometric function: of a buyer who is alive, the rate is gamma(R + x, Alpha + T) and the probability of leaving beta(A, B + x).
func (m BGNBD) ExpectedOf(h History, weeks float64) float64 {
	x := float64(h.Repeats)
	return m.Alive(h) * purchases(m.R+x, m.Alpha+h.Span, m.A, m.B+x, weeks)
}

// NextDue is the number of weeks from now by when the next purchase has happened with a probability, above 0 and below 1. ok is false where it
// never does: the buyer may have left. While alive, no purchase comes within t with probability ((Alpha + T)/(Alpha + T + t))^(R + x).
func (m BGNBD) NextDue(h History, probability float64) (weeks float64, ok bool) {
	alive := m.Alive(h)
	if alive <= probability {
		return 0, false
	}
	x := float64(h.Repeats)
	return (m.Alpha + h.Span) * math.Expm1(-math.Log1p(-probability/alive)/(m.R+x)), true
}

// Probability is that of exactly n repeat purchases of a new buyer in the first weeks (Fader, Hardie & Lee 2005, eq. 8).
func (m BGNBD) Probability(n int, weeks float64) float64 {
	var exactly, more float64
	weigh(m.R, m.Alpha, weeks, func(k int, weight, rest float64) bool {
		if k == n {
			exactly = weight
		}
		if k >= n {
			more += weight
		}
		return k < n || rest > 1e-15*more
	})
	// Stayed through n purchases; or left after the nth, whatever would have come.
	stayed := math.Exp(logBeta(m.A, m.B+float64(n)) - logBeta(m.A, m.B))
	if n == 0 {
		return stayed * exactly
	}
	left := math.Exp(logBeta(m.A+1, m.B+float64(n)-1) - logBeta(m.A, m.B))
	return stayed*exactly + left*more
}

// purchases is the mean number of purchases within t of somebody whose rate is gamma(s, beta), who leaves after each with a probability of
// beta(a, b). Without leaving there would be k purchases with the weight of a negative binomial, of which the (j+1)st is reached with the
// probability E(1 − p)^j = (b)_j / (a + b)_j. The sum over k has positive terms only, so nothing cancels, and a of 1 is nothing special, as it
// is to the formula with ₂F₁. Its relative error is some 1e-13.
func purchases(s, beta, a, b, t float64) float64 {
	var sum, reached float64
	next := 1.0 // probability of getting as far as the next purchase
	weigh(s, beta, t, func(k int, weight, rest float64) bool {
		if k == 0 {
			return true
		}
		reached += next
		next *= (b + float64(k) - 1) / (a + b + float64(k) - 1)
		sum += weight * reached
		return rest > 1e-14*sum
	})
	return sum
}

// weigh goes through the probabilities that a Poisson process of a rate from gamma(s, beta) has k events within t, from k = 0 on, until see
// says that it is enough. rest is at least the sum of weight × number of all that come after, or infinite where that is not known yet.
func weigh(s, beta, t float64, see func(k int, weight, rest float64) (more bool)) {
	if t <= 0 {
		see(0, 1, 0)
		return
	}
	share := t / (beta + t)
	log := -s * math.Log1p(t/beta)
	weight := math.Exp(log)
	isTiny := weight < 1e-200 // at first, where many events are expected
	for k := 0; ; k++ {
		ratio := share * (s + float64(k)) / float64(k+1)
		rest := math.Inf(1)
		// From here on each weight is at most ratio times the one before, if the ratio falls; it rises to share where s is below 1.
		if most := max(ratio, share); most < 1 {
			rest = weight * (float64(k)*most/(1-most) + most/((1-most)*(1-most)))
		}
		if !see(k, weight, rest) {
			return
		}
		if !isTiny {
			weight *= ratio
			continue
		}
		log += math.Log(ratio)
		weight = math.Exp(log)
		isTiny = weight < 1e-200
	}
}

func logGamma(x float64) float64 {
	log, _ := math.Lgamma(x)
	return log
}

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }
