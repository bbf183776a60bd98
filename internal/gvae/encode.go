package gvae

import (
	"encoding/json"
	"errors"
	"fmt"
)

// format is the value of the metadata key "format"; it changes whenever older
// readers would misunderstand.
const format = "sage.gvae/1"

// Metadata keys.
const (
	formatKey = "format"
	specKey   = "spec"
	configKey = "config"
)

// storedConfig is Config without what cannot be stored.
type storedConfig struct {
	Hidden                  []int
	Structured              bool
	KLWeight, Mix, Chained  float64
	LearningRate            float64
	Batch, Epochs, Patience int
	Seed                    uint64
}

// MarshalBinary writes spec, configuration, scales and parameters (safetensors
// with the rest as metadata); UnmarshalModel reads it back and refuses what it
// does not understand with an error that says why. Equal models give equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	spec, err := json.Marshal(m.spec)
	if err != nil {
		return nil, fmt.Errorf("gvae: encode spec: %w", err)
	}
	c := m.cfg
	config, err := json.Marshal(storedConfig{
		c.Hidden, c.Structured, c.KLWeight, c.Mix, c.Chained, c.LearningRate, c.Batch, c.Epochs, c.Patience, c.Seed,
	})
	if err != nil {
		return nil, fmt.Errorf("gvae: encode configuration: %w", err)
	}
	b, err := writeSafetensors(map[string]string{formatKey: format, specKey: string(spec), configKey: string(config)}, m.tensors())
	if err != nil {
		return nil, fmt.Errorf("gvae: encode: %w", err)
	}
	return b, nil
}

// UnmarshalModel is the inverse of MarshalBinary. It copies what it keeps.
func UnmarshalModel(b []byte) (*Model, error) {
	m, err := unmarshal(b)
	if err != nil {
		return nil, fmt.Errorf("gvae: decode: %w", err)
	}
	return m, nil
}

func unmarshal(b []byte) (*Model, error) {
	s, err := readSafetensors(b)
	if err != nil {
		return nil, err
	}
	if got := s.metadata[formatKey]; got != format {
		return nil, fmt.Errorf("format %q, want %q", got, format)
	}
	m := &Model{}
	if err := json.Unmarshal([]byte(s.metadata[specKey]), &m.spec); err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	var c storedConfig
	if err := json.Unmarshal([]byte(s.metadata[configKey]), &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	m.cfg = Config{
		Hidden: c.Hidden, Structured: c.Structured, KLWeight: c.KLWeight, Mix: c.Mix, Chained: c.Chained,
		LearningRate: c.LearningRate, Batch: c.Batch, Epochs: c.Epochs, Patience: c.Patience, Seed: c.Seed,
	}
	if err := errors.Join(m.spec.validate(), m.cfg.validate()); err != nil {
		return nil, err
	}

	// Nothing is allocated by the size that the spec claims before the values are
	// known to be there.
	outputs := len(m.spec.Nodes) * m.spec.D
	if m.spec.NX > len(s.values)/16 || outputs > len(s.values)/16 {
		return nil, fmt.Errorf("%d columns and %d outputs in %d bytes of values", m.spec.NX, outputs, len(s.values))
	}
	m.arch = newArchitecture(&m.spec, &m.cfg, given{})
	if m.arch.size > len(s.values)/4 {
		return nil, fmt.Errorf("%d parameters in %d bytes of values", m.arch.size, len(s.values))
	}
	m.theta = make([]float32, m.arch.size)
	m.xScale = newScale(m.spec.NX)
	for _, scale := range []*Scale{&m.yScale, &m.screen, &m.noise} {
		*scale = newScale(outputs)
	}
	want, size := m.tensors(), 0
	for _, t := range want {
		n, err := s.read(t)
		if err != nil {
			return nil, err
		}
		size += n
	}
	if len(want) != len(s.tensors) || size != len(s.values) {
		return nil, fmt.Errorf("%d tensors in %d bytes, want %d in %d", len(s.tensors), len(s.values), len(want), size)
	}
	for _, scale := range []Scale{m.xScale, m.yScale, m.screen, m.noise} {
		for _, v := range scale.Spread {
			if !(v > 0) {
				return nil, fmt.Errorf("spread %v is not positive", v)
			}
		}
	}
	return m, nil
}

func newScale(n int) Scale { return Scale{Center: make([]float64, n), Spread: make([]float64, n)} }

// tensors names every number of the model: scales (float64), weights as encoder.L.wK
// [out x in] and encoder.L.bK [out], likewise prior and decoder; skip paths as skip.N.own
// [D] and skip.N.weights [terms x D], before the softplus that makes them positive.
func (m *Model) tensors() []tensor {
	var out []tensor
	for _, s := range []struct {
		name  string
		scale Scale
	}{{"x", m.xScale}, {"y", m.yScale}, {"screen", m.screen}, {"noise", m.noise}} {
		shape := []int{len(s.scale.Center)}
		out = append(out,
			tensor{name: "scale." + s.name + ".center", shape: shape, double: s.scale.Center},
			tensor{name: "scale." + s.name + ".spread", shape: shape, double: s.scale.Spread})
	}
	put := func(data []float32, shape []int, name string, args ...any) {
		out = append(out, tensor{name: fmt.Sprintf(name, args...), shape: shape, single: data})
	}
	network := func(kind string, nets []mlp) {
		for i, net := range nets {
			for k, l := range net.layers {
				w, b := params(l, m.theta)
				put(w, []int{l.out, l.in}, "%s.%d.w%d", kind, i, k)
				put(b, []int{l.out}, "%s.%d.b%d", kind, i, k)
			}
		}
	}
	network("encoder", m.arch.encoders)
	network("prior", m.arch.priors)
	network("decoder", m.arch.decoders)
	d := m.spec.D
	for i, s := range m.arch.skips {
		if s.used() {
			put(m.theta[s.own:s.own+d], []int{d}, "skip.%d.own", i)
			put(m.theta[s.weights:s.weights+len(s.parents)*d], []int{len(s.parents), d}, "skip.%d.weights", i)
		}
	}
	return out
}
