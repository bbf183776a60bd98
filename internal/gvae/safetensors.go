package gvae

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// tensor is a named view of float64 values.
type tensor struct {
	name  string
	shape []int
	data  []float64
}

func (t *tensor) bytes() int { return 8 * len(t.data) }

// The safetensors layout: the length of the header as 8 bytes little-endian, the
// header as a JSON object, then the values. The header maps each tensor's name to
// type, shape and position among the values, and "__metadata__" to strings.
const (
	headerLength = 8
	metadataKey  = "__metadata__"
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
		header[t.name] = tensorInfo{Type: float64Type, Shape: t.shape, Offsets: [2]int{at, at + t.bytes()}}
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
		for _, v := range t.data {
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
// finite.
func (s *safetensors) read(t tensor) error {
	info, ok := s.tensors[t.name]
	if !ok {
		return fmt.Errorf("tensor %q is missing", t.name)
	}
	if info.Type != float64Type {
		return fmt.Errorf("tensor %q has type %q, want %s", t.name, info.Type, float64Type)
	}
	same := len(info.Shape) == len(t.shape)
	for i := 0; same && i < len(t.shape); i++ {
		same = info.Shape[i] == t.shape[i]
	}
	if !same {
		return fmt.Errorf("tensor %q has shape %v, want %v", t.name, info.Shape, t.shape)
	}
	from, to := info.Offsets[0], info.Offsets[1]
	if from < 0 || to < from || to > len(s.values) || to-from != t.bytes() {
		return fmt.Errorf("tensor %q at bytes %d to %d of %d, want %d bytes", t.name, from, to, len(s.values), t.bytes())
	}
	for i := range t.data {
		v := math.Float64frombits(binary.LittleEndian.Uint64(s.values[from+8*i:]))
		if !finite(v) {
			return fmt.Errorf("tensor %q holds %v", t.name, v)
		}
		t.data[i] = v
	}
	return nil
}
