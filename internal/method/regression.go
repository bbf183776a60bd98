package method

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// ridge is the penalty on standardised weights, relative to the number of windows.
const ridge = 1e-3

// leastResidual is the least standard deviation of residuals, as a share of the
// mean: a sum that fits exactly leaves none, and rounding would be an anomaly.
const leastResidual = 1e-3

// regression fits columns to others over the normal rows of a reader.
type regression struct {
	r    *reader
	rows []int // usable normal rows of the fit under way
	errs []float64
}

func newRegression(r *reader) *regression { return &regression{r: r} }

// score returns max |e - mean| / sd over the abnormal rows, e being the residual of
// y given the parents, mean and sd those over normal rows; 0 where there is
// nothing to compare. Parents that are missing in more than half of the rows in
// which y is there are left out; then rows in which anything is missing are.
func (f *regression) score(y []float64, parents [][]float64) float64 {
	parents = f.usable(y, parents)
	f.rows = f.rows[:0]
	for row := range f.r.onset {
		if f.r.normal[row] && present(y, parents, row) {
			f.rows = append(f.rows, row)
		}
	}
	// Fewer windows than weights fit anything.
	if len(f.rows) < max(minBaseline, 2*len(parents)) {
		return 0
	}
	m := f.fit(y, parents)
	f.errs = f.errs[:0]
	level := 0.0
	for _, row := range f.rows {
		f.errs = append(f.errs, y[row]-m.predict(parents, row))
		level += math.Abs(y[row]) / float64(len(f.rows))
	}
	mean, sd := meanAndSD(f.errs)
	if sd = math.Max(sd, leastResidual*level); sd == 0 {
		sd = unscaled(level)
	}
	most := 0.0
	for row := f.r.onset; row < len(y); row++ {
		if present(y, parents, row) {
			most = math.Max(most, math.Abs(y[row]-m.predict(parents, row)-mean)/sd)
		}
	}
	return most
}

// usable returns the parents that are there in at least half of the rows of y, the
// abnormal ones included.
func (f *regression) usable(y []float64, parents [][]float64) [][]float64 {
	var out [][]float64
	for _, p := range parents {
		there, all := 0, 0
		after := false
		for row, v := range y {
			if math.IsNaN(v) {
				continue
			}
			all++
			if !math.IsNaN(p[row]) {
				there++
				after = after || row >= f.r.onset
			}
		}
		if after && 2*there >= all {
			out = append(out, p)
		}
	}
	return out
}

func present(y []float64, parents [][]float64, row int) bool {
	if math.IsNaN(y[row]) {
		return false
	}
	for _, p := range parents {
		if math.IsNaN(p[row]) {
			return false
		}
	}
	return true
}

// linear is y = intercept + Σ weights_i (p_i - centers_i).
type linear struct {
	intercept        float64
	weights, centers []float64
}

func (m *linear) predict(parents [][]float64, row int) float64 {
	v := m.intercept
	for i, p := range parents {
		v += m.weights[i] * (p[row] - m.centers[i])
	}
	return v
}

// fit solves (XᵀX + ridge n I) w = Xᵀy for standardised parents X and centred y.
// Parents that do not vary have no weight.
func (f *regression) fit(y []float64, parents [][]float64) linear {
	k, n := len(parents), float64(len(f.rows))
	m := linear{weights: make([]float64, k), centers: make([]float64, k)}
	for _, row := range f.rows {
		m.intercept += y[row] / n
	}
	if k == 0 {
		return m
	}
	scale := make([]float64, k)
	for i, p := range parents {
		f.errs = f.errs[:0]
		for _, row := range f.rows {
			f.errs = append(f.errs, p[row])
		}
		m.centers[i], scale[i] = meanAndSD(f.errs)
	}
	gram, rhs := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	x := make([]float64, k)
	for _, row := range f.rows {
		for i, p := range parents {
			if x[i] = 0; scale[i] > 0 {
				x[i] = (p[row] - m.centers[i]) / scale[i]
			}
		}
		for i := range k {
			rhs.SetVec(i, rhs.AtVec(i)+x[i]*(y[row]-m.intercept))
			for j := i; j < k; j++ {
				gram.SetSym(i, j, gram.At(i, j)+x[i]*x[j])
			}
		}
	}
	for i := range k {
		gram.SetSym(i, i, gram.At(i, i)+ridge*n)
	}
	var c mat.Cholesky
	w := mat.NewVecDense(k, nil)
	if !c.Factorize(gram) || c.SolveVecTo(w, rhs) != nil {
		return m // numbers beyond reason: the mean
	}
	for i := range k {
		if scale[i] > 0 {
			m.weights[i] = w.AtVec(i) / scale[i]
		}
	}
	return m
}
