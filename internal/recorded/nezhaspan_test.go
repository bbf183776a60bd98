package recorded

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNezhaTraces_forms reads one span as recordings may have it: the same comes
// out.
func TestNezhaTraces_forms(t *testing.T) {
	const (
		id     = "0087f677c0a2cf3f80a551987167911b"
		pod    = "web-5f65-bbbb1"
		second = "1661140279"
	)
	for name, content := range map[string]string{
		"as published": header + id + ",00000000000000a1,root," + pod + ",/," + second + "100000000," + second + "200000000,0\n",
		"no parent":    header + id + ",00000000000000a1,," + pod + ",/," + second + "100000000," + second + "200000000,0\n",
		"no header":    id + ",00000000000000a1,root," + pod + ",/," + second + "100000000," + second + "200000000\n",
		"other order":  "podname,operationname,Duration, TraceID,SpanID,ParentID,EndTimeUnixNano,StartTimeUnixNano\n" + pod + ",/,0," + id + ",00000000000000a1,root," + second + "200000000," + second + "100000000\n",
		"CRLF, BOM":    "\ufeff" + header[:len(header)-1] + "\r\n" + id + ",00000000000000a1,root," + pod + ",/," + second + "100000000," + second + "200000000,0\r\n",
		"quotes":       "\"TraceID\",SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano\n\"" + id + "\",00000000000000a1,root," + pod + ",/," + second + "100000000," + second + "200000000\n",
		"microseconds": header + id + ",00000000000000a1,root," + pod + ",/," + second + "100000," + second + "200000,0\n",
		"ms and µs":    header + id + ",00000000000000a1,root," + pod + ",/," + second + "100," + second + "200000,0\n",
	} {
		dir := t.TempDir()
		writeMinute(t, dir, "00_01_trace.csv.gz", content)
		spans := 0
		for td, err := range NezhaTraces(dir, 10) {
			require.NoError(t, err, name)
			s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			assert.Equal(t, int64(1661140279100000000), int64(s.StartTimestamp()), name)
			assert.Equal(t, int64(1661140279200000000), int64(s.EndTimestamp()), name)
			assert.Equal(t, "/", s.Name(), name)
			assert.True(t, s.ParentSpanID().IsEmpty(), name)
			spans += td.SpanCount()
		}
		assert.Equal(t, 1, spans, name)
	}
}

// TestNezhaTraces_says says where what cannot be read is.
func TestNezhaTraces_says(t *testing.T) {
	row := "0087f677c0a2cf3f80a551987167911b,00000000000000a1,root,web,/,1,2,1\n"
	for name, c := range map[string]struct{ content, want string }{
		"header": {"TraceID,b\n", `00_01_trace.csv: line 1: header is ["TraceID" "b"], want ["TraceID" "SpanID"`},
		"id":     {header + row + "0087,00000000000000a1,root,web,/,1,2,1\n", `00_01_trace.csv: line 3: column 1 (TraceID): id "0087" has 4 digits, want 32`},
		"number": {header + row[:len(row)-6] + "x,2,1\n", `line 2: column 6 (StartTimeUnixNano): "x" is no whole number`},
		"cut":    {header + row + "0087f6", `record on line 3: wrong number of fields: remove the line`},
	} {
		dir := t.TempDir()
		write(t, dir, "00_01_trace.csv", c.content)
		for _, err := range NezhaTraces(dir, 10) {
			require.ErrorContains(t, err, c.want, name)
		}
	}
	id := make([]byte, 16)
	require.NoError(t, decode(id, "80a551987167911b"))
	assert.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xa5, 0x51, 0x98, 0x71, 0x67, 0x91, 0x1b}, id, "64 bits")
}
