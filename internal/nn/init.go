package nn

import (
	"math"
	"math/rand/v2"
)

// He fills the weights of a layer with inputs fanIn that a ReLU follows: normal
// with variance 2/fanIn (He et al., "Delving Deep into Rectifiers", ICCV 2015,
// equation 10). A layer without inputs has no weights, and none are drawn.
func He(w []float64, fanIn int, src rand.Source) {
	scaled(w, 2/float64(max(1, fanIn)), src)
}

// Xavier fills the weights of a layer that tanh or nothing follows: normal with
// variance 2/(fanIn+fanOut) (Glorot & Bengio, AISTATS 2010, equation 12).
func Xavier(w []float64, fanIn, fanOut int, src rand.Source) {
	scaled(w, 2/float64(max(1, fanIn+fanOut)), src)
}

func scaled(w []float64, variance float64, src rand.Source) {
	Normals(w, src)
	s := math.Sqrt(variance)
	for i := range w {
		w[i] *= s
	}
}

// Normals fills dst with independent draws of N(0, 1).
func Normals(dst []float64, src rand.Source) {
	rng := rand.New(src)
	for i := range dst {
		dst[i] = rng.NormFloat64()
	}
}
