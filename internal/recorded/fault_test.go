package recorded

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write writes a file below dir, with the directories above it.
func write(t *testing.T, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
}

func TestReadFaults(t *testing.T) {
	dir := t.TempDir()
	// inject_timestamp is off by a minute in the first and by eight hours in the
	// second; the hours of the list are in no order.
	write(t, dir, "2022-08-22-fault_list.json", `{
		"05": [{"inject_time": "2022-08-22 05:00:00", "inject_timestamp": "1661144340", "inject_pod": "b-5f65-bbbb5", "inject_type": "exception"}],
		"04": [{"inject_time": "2022-08-22 04:00:00", "inject_timestamp": 1661112000, "inject_pod": "a-5f65-bbbb1", "inject_type": "cpu_contention"}]
	}`)
	got, err := readFaults(dir, notes{})
	require.NoError(t, err)
	four := time.Date(2022, 8, 22, 4, 0, 0, 0, time.UTC)
	assert.Equal(t, []fault{
		{four, "a-5f65-bbbb1", "cpu_contention"},
		{four.Add(time.Hour), "b-5f65-bbbb5", "exception"},
	}, got)

	for after, want := range map[float64]struct{ acts, normal bool }{
		-11: {false, true}, -10: {false, false}, 0: {false, false}, 29.9: {false, false},
		30: {true, false}, 240: {true, false}, 240.1: {false, false},
		300: {false, false}, 300.1: {false, true},
	} {
		end := four.UnixNano() + int64(after*1e9)
		assert.Equal(t, want.acts, got[0].acts(end), "%g s after", after)
		assert.Equal(t, want.normal, outside(got, end), "%g s after", after)
	}

	none, err := readFaults(t.TempDir(), notes{})
	require.NoError(t, err)
	assert.Empty(t, none)
	for name, content := range map[string]string{
		"no JSON": "{", "no time": `{"04": [{"inject_time": "soon"}]}`,
	} {
		bad := t.TempDir()
		write(t, bad, "fault_list.json", content)
		_, err := readFaults(bad, notes{})
		require.ErrorContains(t, err, "fault_list.json", name)
	}
}

func TestFault_mechanism(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "root_cause_x.json", `{"cart": {"return": "Save start_Save end", "jam": "NetworkP90(ms)", "cpu_contention": "NetworkP90(ms)"}}`)
	causes, err := readRootCauses(dir)
	require.NoError(t, err)
	for kind, want := range map[string]string{
		"cpu_contention": "cpu", "cpu_consumed": "cpu", "network_delay": "network", "memory_leak": "memory",
		"disk_full": "disk", "return": "latent", "exception": "latent",
		"jam": "network", // by what it shows in
	} {
		assert.Equal(t, want, fault{pod: "cart-5f65-bbbb1", kind: kind}.mechanism(causes), kind)
		if kind != "jam" {
			assert.Equal(t, want, fault{pod: "other-5f65-bbbb1", kind: kind}.mechanism(nil), kind)
		}
	}
	write(t, dir, "root_cause_y.json", "[")
	_, err = readRootCauses(dir)
	require.ErrorContains(t, err, "root_cause_y.json")
}
