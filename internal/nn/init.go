package nn

import (
	"math"
	"math/rand/v2"
)

// He fills the weights of a layer with inputs fanIn that a ReLU follows: normal
// with variance 2/fanIn (He et al., "Delving Deep into Rectifiers", ICCV 2015,
// equation 10). A layer without inputs has no weights, and none are drawn.
func He[F Float](w []F, fanIn int, src rand.Source) {
	scaled(w, 2/float64(max(1, fanIn)), src)
}

// Xavier fills the weights of a layer that tanh or nothing follows: normal with
// variance 2/(fanIn+fanOut) (Glorot & Bengio, AISTATS 2010, equation 12).
func Xavier[F Float](w []F, fanIn, fanOut int, src rand.Source) {
	scaled(w, 2/float64(max(1, fanIn+fanOut)), src)
}

func scaled[F Float](w []F, variance float64, src rand.Source) {
	rng, s := rand.New(src), math.Sqrt(variance)
	for i := range w {
		w[i] = F(s * rng.NormFloat64())
	}
}
