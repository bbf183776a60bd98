package nn

import "math"

// Sample draws from diagonal Gaussians by the reparameterisation
//
//	z = μ + σ ε,  ε ~ N(0, 1)
//
// so that gradients pass through it (Kingma & Welling, "Auto-Encoding Variational
// Bayes", ICLR 2014, section 2.4).
func Sample[F Float](z, mu, sigma, eps []F) {
	sameLength(len(z), len(mu), len(sigma), len(eps))
	if vectorised[F](len(z)) {
		fast.sample(at(z), at(mu), at(sigma), at(eps), len(z))
		return
	}
	for i := range z {
		z[i] = mu[i] + sigma[i]*eps[i]
	}
}

// SampleBackward accumulates the gradients of Sample:
//
//	dμ += dz,  dσ += ε dz
func SampleBackward[F Float](dmu, dsigma, dz, eps []F) {
	sameLength(len(dz), len(dmu), len(dsigma), len(eps))
	if vectorised[F](len(dz)) {
		fast.sampleBackward(at(dmu), at(dsigma), at(dz), at(eps), len(dz))
		return
	}
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
func KL[F Float](muQ, sigmaQ, muP, sigmaP []F) F {
	sameLength(len(muQ), len(sigmaQ), len(muP), len(sigmaP))
	if vectorised[F](len(muQ)) {
		return F(fast.kl(at(muQ), at(sigmaQ), at(muP), at(sigmaP), len(muQ)))
	}
	var sum F
	for i := range muQ {
		d := (muQ[i] - muP[i]) / sigmaP[i]
		r := sigmaQ[i] / sigmaP[i]
		sum += (r*r+d*d-1)/2 - F(math.Log(float64(r)))
	}
	return sum
}

// KLBackward accumulates scale times the gradients of KL:
//
//	dμq += scale (μq-μp)/σp²             dσq += scale (σq/σp² - 1/σq)
//	dμp -= scale (μq-μp)/σp²             dσp += scale (1/σp - (σq² + (μq-μp)²)/σp³)
func KLBackward[F Float](dmuQ, dsigmaQ, dmuP, dsigmaP, muQ, sigmaQ, muP, sigmaP []F, scale F) {
	n := len(muQ)
	sameLength(n, len(dmuQ), len(dsigmaQ), len(dmuP), len(dsigmaP), len(sigmaQ), len(muP), len(sigmaP))
	if vectorised[F](n) {
		fast.klBackward(at(dmuQ), at(dsigmaQ), at(dmuP), at(dsigmaP), at(muQ), at(sigmaQ), at(muP), at(sigmaP), n, float32(scale))
		return
	}
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
