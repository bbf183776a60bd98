package gvae

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMarshal_roundTrip(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, rng *rand.Rand) {
		b, err := m.MarshalBinary()
		require.NoError(t, err)
		back, err := UnmarshalModel(b)
		require.NoError(t, err)
		assert.Equal(t, m.theta, back.theta)
		assert.Equal(t, m.cfg, back.cfg)
		assert.True(t, m.spec.equal(back.Spec()))
		again, err := back.MarshalBinary()
		require.NoError(t, err)
		assert.Equal(t, b, again, "equal models, equal bytes")

		x, y := windowOf(data.X, data.N, 4), windowOf(data.Y, data.N, 4)
		do, target := anyIntervention(&m.spec, rng), len(m.spec.Nodes)-1
		assert.Equal(t,
			m.Abduct(x, y).Counterfactual(do, target, 5, rand.NewPCG(1, 1)),
			back.Abduct(x, y).Counterfactual(do, target, 5, rand.NewPCG(1, 1)))
	})
}

// The layout is that of safetensors: what its specification demands of a file.
func TestMarshal_isSafetensors(t *testing.T) {
	m, _ := randomModel(t, 1, true)
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	length := binary.LittleEndian.Uint64(b)
	text := b[8 : 8+length]
	assert.Equal(t, byte('{'), text[0])
	var header map[string]struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets []int  `json:"data_offsets"`
		Format  string `json:"format"`
	}
	require.NoError(t, json.Unmarshal(text, &header))
	assert.Equal(t, format, header["__metadata__"].Format)
	delete(header, "__metadata__")
	covered := 0
	for name, info := range header {
		size, kind := 4, "F32"
		if strings.HasPrefix(name, "scale.") {
			size, kind = 8, "F64"
		}
		for _, s := range info.Shape {
			size *= s
		}
		assert.Equal(t, kind, info.Type, name)
		assert.Equal(t, size, info.Offsets[1]-info.Offsets[0], name)
		covered += size
	}
	assert.Equal(t, len(b)-8-int(length), covered, "no holes")
	first := header["encoder.0.w0"].Offsets[0]
	assert.Equal(t, m.theta[m.arch.encoders[0].layers[0].w], math.Float32frombits(binary.LittleEndian.Uint32(b[8+int(length)+first:])))
}

// A model that was stored when all was float64 is read.
func TestUnmarshalModel_ofFloat64(t *testing.T) {
	m, _ := trained()
	tensors := m.tensors()
	for i := range tensors {
		if v := tensors[i].single; v != nil {
			tensors[i].single, tensors[i].double = nil, make([]float64, len(v))
			convert(tensors[i].double, v)
		}
	}
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	s, err := readSafetensors(b)
	require.NoError(t, err)
	old, err := writeSafetensors(s.metadata, tensors)
	require.NoError(t, err)
	got, err := UnmarshalModel(old)
	require.NoError(t, err)
	again, err := got.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, b, again)

	last := binary.LittleEndian.AppendUint64(old[:len(old)-8:len(old)-8], math.Float64bits(1e300))
	_, err = UnmarshalModel(last)
	require.ErrorContains(t, err, "holds +Inf", "beyond float32")
}

// edit changes the header of an encoded model as text.
func edit(t *testing.T, b []byte, old, replacement string) []byte {
	t.Helper()
	length := binary.LittleEndian.Uint64(b)
	text := string(b[8 : 8+length])
	require.Contains(t, text, old)
	text = strings.Replace(text, old, replacement, 1)
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(out, text...), b[8+length:]...)
}

func TestUnmarshalModel_refuses(t *testing.T) {
	m, _ := trained()
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	withValue := func(v float64) []byte {
		out := append([]byte(nil), b...)
		first := 8 + int(binary.LittleEndian.Uint64(b)) // the centers of X, then their spreads
		binary.LittleEndian.PutUint64(out[first+8*m.spec.NX:], math.Float64bits(v))
		return out
	}
	for name, c := range map[string]struct {
		bytes []byte
		says  string
	}{
		"nothing":            {nil, "shorter than its header"},
		"a huge header":      {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "header of 18446744073709551615 bytes"},
		"no JSON":            {append(binary.LittleEndian.AppendUint64(nil, 3), "abc"...), "header"},
		"an empty header":    {append(binary.LittleEndian.AppendUint64(nil, 2), "{}"...), `format ""`},
		"metadata a number":  {append(binary.LittleEndian.AppendUint64(nil, 18), `{"__metadata__":1}`...), "metadata"},
		"another format":     {edit(t, b, format, "other/1"), `format "other/1"`},
		"cut off":            {b[:len(b)-8], "tensor"},
		"more than it names": {append(append([]byte(nil), b...), make([]byte, 8)...), "tensors in"},
		"NaN":                {withValue(math.NaN()), "holds NaN"},
		"no spread":          {withValue(0), "not positive"},
		"type":               {edit(t, b, "F64", "F16"), `type "F16"`},
		"shape":              {edit(t, b, `"shape":[3]`, `"shape":[4]`), "has shape [4]"},
		"offsets":            {edit(t, b, `"data_offsets":[0,`, `"data_offsets":[-8,`), "at bytes -8"},
		"unknown tensor":     {edit(t, b, `"prior.0.b0"`, `"prior.0.c0"`), `tensor "prior.0.b0" is missing`},
		"spec":               {edit(t, b, `\"NX\":8`, `\"NX\":7`), "refers to 7 of 7"},
		"a spec of billions": {edit(t, b, `\"NX\":8`, `\"NX\":8000000000`), "8000000000 columns"},
		"no spec":            {edit(t, b, `{\"NX\":8`, `\"NX\":8`), "spec"},
		"configuration":      {edit(t, b, `\"Batch\":64`, `\"Batch\":-64`), "batch of -64"},
		"other widths":       {edit(t, b, `\"Hidden\":[10,10,10]`, `\"Hidden\":[4096,4096]`), "parameters in"},
	} {
		got, err := UnmarshalModel(c.bytes)
		require.ErrorContains(t, err, c.says, name)
		require.ErrorContains(t, err, "gvae: decode: ", name)
		assert.Nil(t, got, name)
	}
}

// Law: bytes are refused, or are a model that can be asked without a panic and that
// encodes to something that decodes again.
func FuzzUnmarshalModel(f *testing.F) {
	spec := Spec{NX: 1, D: 1, Latents: []Latent{{X: []int{0}, Y: []int{0, 1}}}, Nodes: []Node{
		{X: []int{0}, Latents: []int{0}, Overlap: -1},
		{Parents: []int{0}, Latents: []int{0}, Terms: []Term{{0, 0, -1}}, Overlap: 0},
	}}
	for _, structured := range []bool{false, true} {
		data := randomData(&spec, 20, 0, rand.New(rand.NewPCG(1, 1)))
		tr, _, err := newTrainer[float32](spec, &data, Config{Hidden: []int{2}, Structured: structured}.withDefaults(), nil)
		require.NoError(f, err)
		require.NoError(f, tr.measure())
		b, err := tr.model.MarshalBinary()
		require.NoError(f, err)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte{})
	f.Add(append(binary.LittleEndian.AppendUint64(nil, 2), "{}"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := UnmarshalModel(b)
		if err != nil {
			return
		}
		e := m.Abduct(make([]float64, m.spec.NX), make([]float64, len(m.spec.Nodes)*m.spec.D))
		e.Counterfactual(Intervention{Nodes: []int{0}}, len(m.spec.Nodes)-1, 2, rand.NewPCG(1, 1))
		again, err := m.MarshalBinary()
		require.NoError(t, err)
		_, err = UnmarshalModel(again)
		require.NoError(t, err)
	})
}
