package feature

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
)

// encodingVersion is the first byte of what is persisted here.
const encodingVersion = 1

// errEncoding reports bytes that were not written here, or by another version.
var errEncoding = errors.New("feature: not a history or layout of this version")

// storedHistory is a history as it is persisted, row 0 first.
type storedHistory struct {
	Window               time.Duration
	Capacity, MaxColumns int
	Starts               []int64
	Health               []Health
	Keys                 []Key
	Columns              [][]float32
}

// MarshalBinary returns the history for UnmarshalHistory.
func (h *History) MarshalBinary() ([]byte, error) {
	s := storedHistory{
		Window: h.window, Capacity: h.capacity, MaxColumns: h.maxColumns,
		Keys: h.Keys(), Columns: make([][]float32, len(h.Keys())),
	}
	for row := range h.length {
		s.Starts = append(s.Starts, h.Start(row))
		s.Health = append(s.Health, h.Health(row))
	}
	for i, k := range s.Keys {
		values := make([]float32, h.length)
		for row := range values {
			values[row] = h.columns[k].ring[h.at(row)]
		}
		s.Columns[i] = values
	}
	return encode(s)
}

// UnmarshalHistory is the inverse of MarshalBinary. It refuses what
// MarshalBinary cannot have written.
func UnmarshalHistory(b []byte) (*History, error) {
	var s storedHistory
	if err := decode(b, &s); err != nil {
		return nil, err
	}
	n := len(s.Starts)
	if s.Window <= 0 || s.Capacity <= 0 || s.MaxColumns <= 0 || n > s.Capacity ||
		len(s.Health) != n || len(s.Keys) > s.MaxColumns || len(s.Columns) != len(s.Keys) {
		return nil, errEncoding
	}
	h := NewHistory(s.Window, s.Capacity, s.MaxColumns)
	for row, start := range s.Starts {
		if row > 0 && start <= s.Starts[row-1] || s.Health[row] > Violated {
			return nil, errEncoding
		}
		i := h.push()
		h.starts[i], h.health[i] = start, s.Health[row]
	}
	for i, k := range s.Keys {
		if len(s.Columns[i]) != n || !k.valid() || h.columns[k] != nil {
			return nil, errEncoding
		}
		c := &column{ring: missing(len(h.starts))}
		for row, v := range s.Columns[i] {
			if math.IsInf(float64(v), 0) {
				return nil, errEncoding
			}
			c.ring[h.at(row)] = v
			if v == v {
				c.present++
			}
		}
		h.columns[k] = c
	}
	return h, nil
}

func (k Key) valid() bool {
	return k.Kind < numKinds && k.Node.Class <= cbn.QueueNode && k.Quantile >= 0 && k.Quantile < D
}

// storedLayout is a layout as it is persisted: the rest follows from it.
type storedLayout struct {
	Version uint64
	Graph   cbn.Observation
	XKeys   []Key
}

// MarshalBinary returns the layout for UnmarshalLayout.
func (l *Layout) MarshalBinary() ([]byte, error) {
	return encode(storedLayout{Version: l.Graph.Version, Graph: l.Graph.Observation(), XKeys: l.XKeys})
}

// UnmarshalLayout is the inverse of MarshalBinary. It refuses what MarshalBinary
// cannot have written.
func UnmarshalLayout(b []byte) (*Layout, error) {
	var s storedLayout
	if err := decode(b, &s); err != nil {
		return nil, err
	}
	l := &Layout{Graph: cbn.New(s.Version, s.Graph), XKeys: s.XKeys}
	l.XOf = make([][]int, len(l.Graph.Channels))
	for i, k := range s.XKeys {
		if !k.valid() || i > 0 && k.Compare(s.XKeys[i-1]) <= 0 {
			return nil, errEncoding
		}
		c := channelOf(l.Graph, k)
		if c < 0 {
			return nil, errEncoding
		}
		l.XOf[c] = append(l.XOf[c], i)
	}
	l.wire()
	return l, nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte(encodingVersion)
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, fmt.Errorf("feature: encode: %w", err)
	}
	return b.Bytes(), nil
}

// decode reads what encode wrote. gob bounds what it allocates by the size of
// its input and returns errors for malformed input.
func decode(b []byte, v any) error {
	if len(b) == 0 || b[0] != encodingVersion {
		return errEncoding
	}
	if err := gob.NewDecoder(bytes.NewReader(b[1:])).Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errEncoding, err)
	}
	return nil
}
