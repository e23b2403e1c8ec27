package clv

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"waymark/shared/domain/stats"
)

// Parameter is one parameter of a model with what its likelihood says of it.
type Parameter struct {
	Name          string
	Estimate      float64
	StandardError float64 // of the estimate, from the curvature of the likelihood
}

// Interval is that of 95 %: of the logarithm by its standard error (delta method), so that a parameter above 0 stays there.
func (p Parameter) Interval() (low, high float64) {
	factor := math.Exp(stats.Z95 * p.StandardError / p.Estimate)
	return p.Estimate / factor, p.Estimate * factor
}

// Fit is a model that was fitted by maximum likelihood.
type Fit[M any] struct {
	Model         M
	Parameters    []Parameter
	LogLikelihood float64
	Buyers        int
	covariance    [][]float64 // of the parameters, in their order
}

// The parameters of a fit are refused outside of these bounds: the likelihood then rises to the edge of what the model can say, and what is printed
// would be where the search gave up.
const (
	leastParameter = 1e-4
	mostParameter  = 1e5
)

// maximised is where a likelihood is greatest.
type maximised struct {
	at         []float64
	value      float64
	covariance [][]float64
}

// maximise finds the parameters, all above 0, of the greatest log-likelihood, which f gives with its gradient. It searches over logarithms from
// each start and takes the best. The covariance is the inverse of the numerically differentiated Hessian. It refuses, in a sentence, what ran to
// the edge and what has no single top.
func maximise(names []string, starts [][]float64, n float64, f func(at, gradient []float64) float64) (maximised, error) {
	size := len(names)
	at := make([]float64, size)
	eval := func(z, gradient []float64) float64 {
		for i, log := range z {
			at[i] = math.Exp(log)
		}
		value := f(at, gradient)
		for i := range gradient {
			gradient[i] *= -at[i] / n
		}
		return -value / n
	}
	// The search asks for the value and then for the gradient at the same place, which cost as much together as one by one.
	var lastAt []float64
	var lastValue float64
	lastGradient := make([]float64, size)
	once := func(z []float64) {
		if !slices.Equal(z, lastAt) {
			lastAt = append(lastAt[:0], z...)
			lastValue = eval(z, lastGradient)
		}
	}
	problem := optimize.Problem{
		Func: func(z []float64) float64 { once(z); return lastValue },
		Grad: func(gradient, z []float64) { once(z); copy(gradient, lastGradient) },
	}
	var best *optimize.Result
	for _, start := range starts {
		z := make([]float64, size)
		for i, value := range start {
			z[i] = math.Log(value)
		}
		// The search also ends where rounding lets it go no further, which is an error to it; whether that is a top is seen below.
		found, _ := optimize.Minimize(problem, z, &optimize.Settings{GradientThreshold: 1e-9, MajorIterations: 300}, &optimize.BFGS{})
		if found != nil && !math.IsNaN(found.F) && (best == nil || found.F < best.F) {
			best = found
		}
	}
	if best == nil {
		return maximised{}, fmt.Errorf("the likelihood has no value at any start of the search")
	}
	for i, log := range best.X {
		if value := math.Exp(log); !(value > leastParameter && value < mostParameter) {
			return maximised{}, edge{names[i], value}
		}
	}
	return curvature(best.X, n, eval)
}

// edge is the refusal of a fit whose parameter has no end.
type edge struct {
	parameter string
	value     float64 // where the search gave up
}

func (e edge) Error() string {
	return fmt.Sprintf("the fit runs to the edge: %s goes to %.3g; these buyers do not differ from one another in the way that the model supposes",
		e.parameter, e.value)
}

// curvature makes the covariance, of the parameters themselves: that of their logarithms z times the parameters.
func curvature(z []float64, n float64, eval func(z, gradient []float64) float64) (maximised, error) {
	size := len(z)
	gradient := make([]float64, size)
	out := maximised{value: -n * eval(z, gradient), at: make([]float64, size)}
	for i := range z {
		out.at[i] = math.Exp(z[i])
		if math.Abs(gradient[i]) > 1e-5 {
			return maximised{}, fmt.Errorf("the search for the greatest likelihood did not end at a top")
		}
	}
	const h = 1e-4
	hessian := mat.NewSymDense(size, nil)
	rows := make([][]float64, size)
	for i := range rows {
		up, down := make([]float64, size), make([]float64, size)
		near := append([]float64(nil), z...)
		near[i] = z[i] + h
		eval(near, up)
		near[i] = z[i] - h
		eval(near, down)
		rows[i] = make([]float64, size)
		for j := range up {
			rows[i][j] = n * (up[j] - down[j]) / (2 * h)
		}
	}
	for i := range rows {
		for j := i; j < size; j++ {
			hessian.SetSym(i, j, (rows[i][j]+rows[j][i])/2)
		}
	}
	var cholesky mat.Cholesky
	var inverse mat.SymDense
	if !cholesky.Factorize(hessian) || cholesky.InverseTo(&inverse) != nil {
		return maximised{}, fmt.Errorf("the likelihood has no single top: its Hessian is not positive definite")
	}
	out.covariance = make([][]float64, size)
	for i := range out.covariance {
		out.covariance[i] = make([]float64, size)
		for j := range out.covariance[i] {
			out.covariance[i][j] = inverse.At(i, j) * out.at[i] * out.at[j]
		}
	}
	return out, nil
}

// fitOf puts a model's name to its parameters.
func fitOf[M any](model M, names []string, m maximised, buyers int) Fit[M] {
	out := Fit[M]{Model: model, LogLikelihood: m.value, Buyers: buyers, covariance: m.covariance}
	for i, name := range names {
		out.Parameters = append(out.Parameters, Parameter{name, m.at[i], math.Sqrt(m.covariance[i][i])})
	}
	return out
}

// errorOf is the standard error of something that depends on the parameters, by the delta method: its gradient, by differences, through
// their covariance.
func errorOf(at []float64, covariance [][]float64, of func(at []float64) float64) float64 {
	gradient := make([]float64, len(at))
	near := append([]float64(nil), at...)
	for i := range at {
		h := 1e-4 * at[i]
		near[i] = at[i] + h
		up := of(near)
		near[i] = at[i] - h
		gradient[i] = (up - of(near)) / (2 * h)
		near[i] = at[i]
	}
	var variance float64
	for i := range gradient {
		for j := range gradient {
			variance += gradient[i] * covariance[i][j] * gradient[j]
		}
	}
	return math.Sqrt(max(variance, 0))
}
