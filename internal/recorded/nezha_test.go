package recorded

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorkload(t *testing.T) {
	for pod, want := range map[string]string{
		"web-579b9bff58-t2dbm":                "web",
		"rates-cf787dd48-vpjrd":               "rates",
		"product-catalog-v2-668d5f85fb-wckp8": "product-catalog-v2",
		"postgres-0":                          "postgres",
		"node-agent-x7k2p":                    "node-agent",
		"bare":                                "bare",
		"bare-pod":                            "bare-pod",
		"":                                    "",
	} {
		assert.Equal(t, want, workload(pod), pod)
	}
}

// writeMinute writes a file as the recording has them.
func writeMinute(t *testing.T, dir, name, content string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, name))
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}

const header = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"

func TestNezhaTraces(t *testing.T) {
	const trace = "0087f677c0a2cf3f80a551987167911b,"
	dir := t.TempDir()
	writeMinute(t, dir, "00_02_trace.csv.gz", header+
		trace+"00000000000000e1,00000000000000ff,mail-5f65-bbbb5,send,650,700,0\n") // parent not recorded
	writeMinute(t, dir, "00_01_trace.csv.gz", header+
		trace+"00000000000000a1,root,web-5f65-bbbb1,/,100,900,0\n"+
		trace+"00000000000000a2,00000000000000a1,web-5f65-bbbb1,cart/Get,200,800,0\n"+
		trace+"00000000000000a3,00000000000000a1,web-5f65-bbbb1,render,810,890,0\n"+
		trace+"00000000000000b1,00000000000000a2,cart-5f65-bbbb2,cart/Get,300,600,0\n"+
		trace+"00000000000000c1,00000000000000b1,store-5f65-bbbb3,read,400,500,0\n") // of a call without a span

	type seen struct{ service, name, kind string }
	var got []seen
	batches := 0
	for td, err := range NezhaTraces(dir, 4) {
		require.NoError(t, err)
		batches++
		for _, rs := range td.ResourceSpans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			pod, _ := rs.Resource().Attributes().Get("k8s.pod.name")
			assert.Equal(t, service.Str(), workload(pod.Str()))
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				got = append(got, seen{service.Str(), s.Name(), s.Kind().String()})
			}
		}
	}
	assert.Equal(t, 2, batches)
	assert.Equal(t, []seen{ // in order of end
		{"store", "read", "Server"},
		{"cart", "cart/Get", "Server"},
		{"mail", "send", "Server"},
		{"web", "cart/Get", "Client"},
		{"web", "render", "Internal"},
		{"web", "/", "Server"},
	}, got)
}

func TestNezhaTraces_refusesWhatIsNoRecording(t *testing.T) {
	for name, content := range map[string]string{
		"no header":    "",
		"other header": "a,b,c\n",
		"short id":     header + "00,00000000000000a1,root,web,/,1,2,1\n",
		"no number":    header + "0087f677c0a2cf3f80a551987167911b,00000000000000a1,root,web,/,x,2,1\n",
		"short line":   header + "0087f677c0a2cf3f80a551987167911b\n",
	} {
		dir := t.TempDir()
		writeMinute(t, dir, "00_01_trace.csv.gz", content)
		for _, err := range NezhaTraces(dir, 10) {
			require.Error(t, err, name)
		}
	}
	for _, err := range NezhaTraces(t.TempDir(), 10) {
		require.Error(t, err, "an empty directory")
	}
}
