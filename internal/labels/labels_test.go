package labels_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/labels"
)

func at(n int) time.Time { return time.Date(2026, 1, 5, 0, n, 0, 0, time.UTC) }

func shop() *labels.File {
	return &labels.File{
		Application: "shop",
		Entry:       &labels.Entry{Service: "front", Operation: "POST /orders", Quantile: 0.99, ThresholdS: 0.07},
		WindowS:     10,
		Incidents: []labels.Incident{
			{
				Fault: "network_delay", Start: at(30), End: at(33),
				Culprits: []labels.Culprit{{Service: "pay", Also: []string{"orders"}, Instance: "pay-0", Mechanism: "network"}},
			},
			{Fault: "deploy", Start: at(40), End: at(43), Decoy: true},
		},
	}
}

func TestWrite_thenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "labels.json")
	require.NoError(t, labels.Write(path, shop()))
	got, err := labels.Read(path)
	require.NoError(t, err)
	assert.Equal(t, shop(), got)
	assert.Equal(t, 10*time.Second, got.Window())
}

func TestWrite_refusesWhatReadWould(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.json")
	f := shop()
	f.Entry.Quantile = 1
	require.ErrorContains(t, labels.Write(path, f), "quantile")
	assert.NoFileExists(t, path)
}

func TestRead_tellsEverythingThatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.json")
	require.NoError(t, os.WriteFile(path, []byte(`{
		"window_s": -1,
		"entry": {"quantile": 99, "threshold_s": 0},
		"incidents": [
			{"start": "2026-01-05T00:30:00Z", "end": "2026-01-05T00:29:00Z"},
			{"fault": "a", "culprits": [{"mechanism": "magic", "also": [""]}]},
			{"fault": "b", "start": "2026-01-05T00:30:00Z", "decoy": true, "culprits": [{"service": "x"}]}
		]}`), 0o600))
	_, err := labels.Read(path)
	for _, want := range []string{
		"labels.json", "window_s must be positive (got -1)",
		"entry: service is missing", "entry: operation is missing",
		"entry: quantile must be between 0 and 1 (got 99)", "entry: threshold_s must be positive (got 0)",
		"incidents[0]: fault is missing", "incidents[0]: end must be after start", "incidents[0]: culprits are missing",
		"incidents[1]: start is missing", "incidents[1]: culprits[0]: service is missing",
		`incidents[1]: culprits[0]: there is no mechanism "magic"`, "incidents[1]: culprits[0]: an empty name in also",
		"incidents[2]: end is missing", "incidents[2]: a decoy has no culprits (got 1)",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestRead_whatIsNoFile(t *testing.T) {
	_, err := labels.Read(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = labels.Parse([]byte(`{"incidents": 3}`))
	require.Error(t, err)
	_, err = labels.Parse([]byte(`{"incidents": [{}], "faults": [{}]}`))
	require.ErrorContains(t, err, "cannot stand together")
}

// The recording of this repository has labels of the older form.
func TestRead_olderForm(t *testing.T) {
	f, err := labels.Read("../../testdata/hotrod.labels.json")
	require.NoError(t, err)
	assert.Nil(t, f.Entry)
	require.Len(t, f.Incidents, 1)
	i := f.Incidents[0]
	assert.Equal(t, "db-delay", i.Fault)
	assert.False(t, i.Decoy)
	assert.Equal(t, []labels.Culprit{{Service: "mysql", Mechanism: "latent"}}, i.Culprits)
	assert.Equal(t, 30*time.Second, i.End.Sub(i.Start).Round(time.Second))
}

func TestCulprit_Names(t *testing.T) {
	c := labels.Culprit{Service: "a", Also: []string{"b"}}
	assert.True(t, c.Names("a"))
	assert.True(t, c.Names("b"))
	assert.False(t, c.Names("c"))
	assert.False(t, c.Names(""))
}
