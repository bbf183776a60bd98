package nn

import "math"

// Sample draws from diagonal Gaussians by the reparameterisation
//
//	z = μ + σ ε,  ε ~ N(0, 1)
//
// so that gradients pass through it (Kingma & Welling, "Auto-Encoding Variational
// Bayes", ICLR 2014, section 2.4).
func Sample(z, mu, sigma, eps []float64) {
	sameLength(len(z), len(mu))
	sameLength(len(z), len(sigma))
	sameLength(len(z), len(eps))
	for i := range z {
		z[i] = mu[i] + sigma[i]*eps[i]
	}
}

// SampleBackward accumulates the gradients of Sample:
//
//	dμ += dz,  dσ += ε dz
func SampleBackward(dmu, dsigma, dz, eps []float64) {
	sameLength(len(dz), len(dmu))
	sameLength(len(dz), len(dsigma))
	sameLength(len(dz), len(eps))
	for i, g := range dz {
		dmu[i] += g
		dsigma[i] += g * eps[i]
	}
}

// KL returns the sum over elements of the divergence of two Gaussians,
//
//	KL(q || p) = log(σp/σq) + (σq² + (μq - μp)²) / (2 σp²) - 1/2
//
// in nats. Standard deviations must be positive.
func KL(muQ, sigmaQ, muP, sigmaP []float64) float64 {
	gaussians(len(muQ), len(sigmaQ), len(muP), len(sigmaP))
	sum := 0.0
	for i := range muQ {
		d := (muQ[i] - muP[i]) / sigmaP[i]
		r := sigmaQ[i] / sigmaP[i]
		sum += (r*r+d*d-1)/2 - math.Log(r)
	}
	return sum
}

// KLBackward accumulates scale times the gradients of KL:
//
//	dμq += scale (μq-μp)/σp²             dσq += scale (σq/σp² - 1/σq)
//	dμp -= scale (μq-μp)/σp²             dσp += scale (1/σp - (σq² + (μq-μp)²)/σp³)
func KLBackward(dmuQ, dsigmaQ, dmuP, dsigmaP, muQ, sigmaQ, muP, sigmaP []float64, scale float64) {
	gaussians(len(muQ), len(sigmaQ), len(muP), len(sigmaP))
	gaussians(len(muQ), len(dmuQ), len(dsigmaQ), len(dmuP))
	sameLength(len(muQ), len(dsigmaP))
	for i := range muQ {
		d := muQ[i] - muP[i]
		sq, sp := sigmaQ[i], sigmaP[i]
		g := scale * d / (sp * sp)
		dmuQ[i] += g
		dmuP[i] -= g
		dsigmaQ[i] += scale * (sq/(sp*sp) - 1/sq)
		dsigmaP[i] += scale * (1 - (sq*sq+d*d)/(sp*sp)) / sp
	}
}

func gaussians(n, a, b, c int) {
	sameLength(n, a)
	sameLength(n, b)
	sameLength(n, c)
}
