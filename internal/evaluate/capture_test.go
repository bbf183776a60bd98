package evaluate

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The recording that the demonstration replays, with the labels beside it.
func TestCapture(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata")
	var log bytes.Buffer
	r, err := Capture(t.Context(), filepath.Join(dir, "hotrod.jsonl.zst"), filepath.Join(dir, "hotrod.labels.json"), 4*time.Second, &log)
	require.NoError(t, err)
	require.Len(t, r.Suites, 1)
	s := r.Suites[0]
	require.Len(t, s.Incidents, 1)
	assert.Equal(t, []string{"mysql latent"}, s.Incidents[0].Truth)
	assert.Equal(t, []string{"mysql latent"}, s.Incidents[0].Answer)
	assert.True(t, s.Incidents[0].Exact)
	assert.Zero(t, s.Decoys.FalseIncidents)
	assert.Contains(t, log.String(), "watched: frontend GET /dispatch p99")
}

func TestCapture_saysWhatIsWrong(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata")
	file, truth := filepath.Join(dir, "hotrod.jsonl.zst"), filepath.Join(dir, "hotrod.labels.json")
	_, err := Capture(t.Context(), file, truth, 10*time.Second, nil)
	require.ErrorContains(t, err, "too few to learn from", "of 10 s there are not enough")
	_, err = Capture(t.Context(), filepath.Join(dir, "no-such.jsonl.zst"), truth, time.Second, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Capture(t.Context(), file, filepath.Join(dir, "no-such.json"), time.Second, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}
