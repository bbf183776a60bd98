package window

// Sampled is what spans tell of how they were chosen.
type Sampled struct {
	Weighted bool // some stand for more than themselves (ot=th in tracestate)
	Kept     bool // some say that they were kept by a sampler that had seen whole traces
}

// Or returns what s or o tells.
func (s Sampled) Or(o Sampled) Sampled {
	return Sampled{Weighted: s.Weighted || o.Weighted, Kept: s.Kept || o.Kept}
}
