package change

import "math"

// fit is a least-squares fit of days by their weights: an orthonormal basis of what explains them. Its vectors are multiplied by the roots of the
// weights, so that what it leaves is spread alike on all days.
type fit struct {
	roots []float64 // of the weights; 0 of a day that is not known
	basis [][]float64
	n     int // known days
}

// newFit explains days by their day of the week and a straight trend.
func newFit(weekdays []int, roots []float64) *fit {
	f := &fit{roots: roots}
	for i := range roots {
		if f.knows(i) {
			f.n++
		}
	}
	for day := range 7 {
		f.explain(func(i int) float64 { return indicator(weekdays[i] == day) })
	}
	f.explain(trend)
	return f
}

func (f *fit) knows(i int) bool { return f.roots[i] > 0 }

func trend(i int) float64 { return float64(i) }

// since is a level that begins at a day.
func since(day int) func(int) float64 { return func(i int) float64 { return indicator(i >= day) } }

func indicator(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// explain adds something that explains days, unless what is there explains it already.
func (f *fit) explain(by func(i int) float64) {
	v := f.vector(by)
	whole := norm(v)
	f.reduce(v)
	f.reduce(v) // twice, so that what rounding left is gone
	if length := norm(v); length > 1e-8*max(whole, 1) {
		for i := range v {
			v[i] /= length
		}
		f.basis = append(f.basis, v)
	}
}

func (f *fit) vector(of func(i int) float64) []float64 {
	v := make([]float64, len(f.roots))
	for i, root := range f.roots {
		if root > 0 {
			v[i] = root * of(i)
		}
	}
	return v
}

// reduce takes out of a vector what the basis explains.
func (f *fit) reduce(v []float64) {
	for _, q := range f.basis {
		if along := dot(q, v); along != 0 {
			for i := range v {
				v[i] -= along * q[i]
			}
		}
	}
}

// degrees are what remains of the known days.
func (f *fit) degrees() float64 { return float64(f.n - len(f.basis)) }

// effect is how much of y one explaining thing makes beside the others, with its standard error. It is none where the others explain it.
func (f *fit) effect(y []float64, by func(i int) float64, others *fit) (size, err float64) {
	v := f.vector(by)
	others.reduce(v)
	length := norm(v)
	if length < 1e-8 {
		return math.NaN(), math.NaN()
	}
	weighted := f.vector(func(i int) float64 { return y[i] })
	return dot(v, weighted) / (length * length), norm(f.rest(y)) / math.Sqrt(f.degrees()) / length
}

// rest is what the fit leaves of y, times the roots of the weights.
func (f *fit) rest(y []float64) []float64 {
	r := f.vector(func(i int) float64 { return y[i] })
	f.reduce(r)
	return r
}

// fitted is what the fit says of every known day.
func (f *fit) fitted(y []float64) []float64 {
	out := f.rest(y)
	for i, root := range f.roots {
		if root > 0 {
			out[i] = y[i] - out[i]/root
		}
	}
	return out
}

// leverage is how far a day pulls the fit to itself, 0 to 1.
func (f *fit) leverage(i int) (h float64) {
	for _, q := range f.basis {
		h += q[i] * q[i]
	}
	return h
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func norm(v []float64) float64 { return math.Sqrt(dot(v, v)) }
