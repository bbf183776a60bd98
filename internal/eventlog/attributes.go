package eventlog

import "go.opentelemetry.io/collector/pdata/pcommon"

// attributes reads a map by type; what is missing, or of another type, is the
// zero value.
type attributes pcommon.Map

func (a attributes) get(key string) (pcommon.Value, bool) { return pcommon.Map(a).Get(key) }

func (a attributes) has(key string) bool {
	_, ok := a.get(key)
	return ok
}

func (a attributes) text(key string) string {
	if v, ok := a.get(key); ok {
		return v.AsString()
	}
	return ""
}

func (a attributes) integer(key string) int64 {
	if v, ok := a.get(key); ok && v.Type() == pcommon.ValueTypeInt {
		return v.Int()
	}
	return 0
}

func (a attributes) truth(key string) bool {
	v, ok := a.get(key)
	return ok && v.Type() == pcommon.ValueTypeBool && v.Bool()
}

func (a attributes) number(key string) float64 {
	if v, ok := a.get(key); ok {
		return float(v)
	}
	return 0
}

func (a attributes) texts(key string) []string {
	var out []string
	for _, v := range a.list(key) {
		out = append(out, v.AsString())
	}
	return out
}

func (a attributes) numbers(key string) []float64 {
	var out []float64
	for _, v := range a.list(key) {
		out = append(out, float(v))
	}
	return out
}

func (a attributes) list(key string) []pcommon.Value {
	v, ok := a.get(key)
	if !ok || v.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	out := make([]pcommon.Value, 0, v.Slice().Len())
	for _, e := range v.Slice().All() {
		out = append(out, e)
	}
	return out
}

func float(v pcommon.Value) float64 {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		return v.Double()
	case pcommon.ValueTypeInt:
		return float64(v.Int())
	default:
		return 0
	}
}
