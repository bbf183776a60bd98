package recorded

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// damaged returns a text with something in it changed: a character, a field, a line.
func damaged(r *rand.Rand, raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("\"")
	}
	at, to := r.IntN(len(raw)), 0
	to = at + r.IntN(len(raw)-at)
	words := []string{"", ",", "\"", "\n", "NaN", "-1", "1e308", "9223372036854775807", "x", "{", "[]", "null", "1969-01-01 00:00:00", "\x00", "\ufeff"}
	word := []byte(words[r.IntN(len(words))])
	switch r.IntN(4) {
	case 0: // cut off
		return raw[:at]
	case 1: // one character
		return bytes.Join([][]byte{raw[:at], raw[at+1:]}, word)
	case 2: // one value
		return bytes.Replace(raw, fieldAt(raw, at), word, 1+r.IntN(3))
	default: // a part that is there twice
		return append(bytes.Clone(raw[:to]), raw[at:]...)
	}
}

// fieldAt is the value that a position is in.
func fieldAt(raw []byte, at int) []byte {
	const ends = ",\n \":"
	from := bytes.LastIndexAny(raw[:at], ends) + 1
	if n := bytes.IndexAny(raw[at:], ends); n >= 0 {
		return raw[from : at+n]
	}
	return raw[from:]
}

// TestLoad_damaged reads recordings of which a file is damaged: whatever it is, a
// set comes out whose windows are in order, or an error, and neither a panic.
func TestLoad_damaged(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, dir := range []string{miniature(t), scenario(t)} {
		var files []string
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				files = append(files, path)
			}
			return err
		}))
		loaded := 0
		for range rounds {
			file := files[r.IntN(len(files))]
			whole, err := os.ReadFile(file)
			require.NoError(t, err)
			broken := damaged(r, whole)
			require.NoError(t, os.WriteFile(file, broken, 0o600))
			require.NotPanics(t, func() {
				sets, err := Load(dir)
				if err != nil {
					return
				}
				loaded++
				for i := 1; i < len(sets[0].Normal); i++ {
					assert.Greater(t, sets[0].Normal[i].Start, sets[0].Normal[i-1].Start)
				}
			}, "%s:\n%s", file, broken)
			require.NoError(t, os.WriteFile(file, whole, 0o600))
		}
		assert.Greater(t, loaded, rounds/4, "most damage is no reason to refuse all of it")
	}
}
