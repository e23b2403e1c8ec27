package stats

import (
	"cmp"
	"math"
	"slices"
)

// Lifetime is how long somebody was seen, and whether it then ended or is merely not known any further.
type Lifetime struct {
	Time  float64 // 0 or more, in a unit of the caller's
	Ended bool
}

// Survival is what is known of those who last longer than a time.
type Survival struct {
	Time     float64
	AtRisk   int64   // seen until here at least
	Ended    int64   // here
	Censored int64   // here: not known any further
	Share    float64 // that lasts longer
	Error    float64 // standard error of it, by Greenwood
	Low      float64 // interval of 95 %, on the scale of log(−log)
	High     float64
}

// KaplanMeier is the share of lifetimes that last longer than each time at which one ended or was not known any further (Kaplan and Meier 1958). Those
// who are not known any further at a time were at risk at it. The error is that of Greenwood (1926): S √Σ d/(n(n − d)). The interval is that on the
// scale of log(−log S), which stays within 0 and 1 (Kalbfleisch and Prentice 1980): S^exp(±1.96 √Σ/ln S). Of a share of 1 it is 1 to 1; of 0, which nothing
// is known beyond, error, low and high are NaN. lifetimes is sorted.
func KaplanMeier(lifetimes []Lifetime) []Survival {
	slices.SortFunc(lifetimes, func(a, b Lifetime) int { return cmp.Compare(a.Time, b.Time) })
	var out []Survival
	share, sum := 1.0, 0.0
	for rest := lifetimes; len(rest) > 0; {
		at := Survival{Time: rest[0].Time, AtRisk: int64(len(rest))}
		for len(rest) > 0 && rest[0].Time == at.Time {
			if rest[0].Ended {
				at.Ended++
			} else {
				at.Censored++
			}
			rest = rest[1:]
		}
		n, d := float64(at.AtRisk), float64(at.Ended)
		share *= (n - d) / n
		sum += d / (n * (n - d))
		at.Share, at.Error = share, share*math.Sqrt(sum)
		at.Low, at.High = logLog(share, sum)
		out = append(out, at)
	}
	return out
}

func logLog(share, sum float64) (low, high float64) {
	if share == 1 {
		return 1, 1
	}
	off := Z95 * math.Sqrt(sum) / math.Log(share)
	return math.Pow(share, math.Exp(-off)), math.Pow(share, math.Exp(off))
}

// Median is the first time that at most half last longer than; NaN where more than half do.
func Median(curve []Survival) float64 {
	for _, at := range curve {
		if at.Share <= .5 {
			return at.Time
		}
	}
	return math.NaN()
}
