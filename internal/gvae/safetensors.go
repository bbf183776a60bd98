package gvae

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// tensor is a named view of values of one of the types.
type tensor struct {
	name   string
	shape  []int
	single []float32
	double []float64
}

func (t *tensor) bytes() int { return 4*len(t.single) + 8*len(t.double) }

func (t *tensor) kind() string {
	if t.double != nil {
		return float64Type
	}
	return float32Type
}

// The safetensors layout: the length of the header as 8 bytes little-endian, the
// header as a JSON object, then the values. The header maps each tensor's name to
// type, shape and position among the values, and "__metadata__" to strings.
const (
	headerLength = 8
	metadataKey  = "__metadata__"
	float32Type  = "F32"
	float64Type  = "F64"
)

type tensorInfo struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// writeSafetensors encodes tensors one after the other.
func writeSafetensors(metadata map[string]string, tensors []tensor) ([]byte, error) {
	header := map[string]any{metadataKey: metadata} // encoding/json sorts the keys
	at := 0
	for _, t := range tensors {
		header[t.name] = tensorInfo{Type: t.kind(), Shape: t.shape, Offsets: [2]int{at, at + t.bytes()}}
		at += t.bytes()
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 { // values begin aligned
		text = append(text, ' ')
	}
	out := make([]byte, 0, headerLength+len(text)+at)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(text)))
	out = append(out, text...)
	for _, t := range tensors {
		for _, v := range t.single {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
		for _, v := range t.double {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out, nil
}

// safetensors is an encoded set of tensors, its header read.
type safetensors struct {
	metadata map[string]string
	tensors  map[string]tensorInfo
	values   []byte
}

func readSafetensors(b []byte) (*safetensors, error) {
	if len(b) < headerLength {
		return nil, errors.New("shorter than its header")
	}
	length := binary.LittleEndian.Uint64(b)
	if length > uint64(len(b)-headerLength) {
		return nil, fmt.Errorf("header of %d bytes in a file of %d", length, len(b))
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(b[headerLength:headerLength+length], &header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	s := &safetensors{tensors: make(map[string]tensorInfo, len(header)), values: b[headerLength+length:]}
	for name, raw := range header {
		if name == metadataKey {
			if err := json.Unmarshal(raw, &s.metadata); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var info tensorInfo
		if err := json.Unmarshal(raw, &info); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		s.tensors[name] = info
	}
	return s, nil
}

// read fills t with the tensor of its name and shape, all of whose values must be
// finite, and returns how many bytes it has. Values of the other type are converted:
// models were stored as float64 once.
func (s *safetensors) read(t tensor) (size int, err error) {
	info, ok := s.tensors[t.name]
	if !ok {
		return 0, fmt.Errorf("tensor %q is missing", t.name)
	}
	width := map[string]int{float32Type: 4, float64Type: 8}[info.Type]
	if width == 0 {
		return 0, fmt.Errorf("tensor %q has type %q, want %s or %s", t.name, info.Type, float32Type, float64Type)
	}
	if !slices.Equal(info.Shape, t.shape) {
		return 0, fmt.Errorf("tensor %q has shape %v, want %v", t.name, info.Shape, t.shape)
	}
	from, to, size := info.Offsets[0], info.Offsets[1], width*(len(t.single)+len(t.double))
	if from < 0 || to < from || to > len(s.values) || to-from != size {
		return 0, fmt.Errorf("tensor %q at bytes %d to %d of %d, want %d bytes", t.name, from, to, len(s.values), size)
	}
	for i := range size / width {
		var v float64
		if at := s.values[from+width*i:]; width == 4 {
			v = float64(math.Float32frombits(binary.LittleEndian.Uint32(at)))
		} else {
			v = math.Float64frombits(binary.LittleEndian.Uint64(at))
		}
		if t.double != nil {
			t.double[i] = v
		} else {
			t.single[i] = float32(v)
			v = float64(t.single[i])
		}
		if !finite(v) {
			return 0, fmt.Errorf("tensor %q holds %v", t.name, v)
		}
	}
	return size, nil
}
