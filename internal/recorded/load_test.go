package recorded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "README.md", "text")
	write(t, dir, "other/metrics.txt", "text")
	require.NoError(t, os.CopyFS(filepath.Join(dir, "days", "monday"), os.DirFS(miniature(t))))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "shop", "low"), os.DirFS(scenario(t))))
	sets, err := Load(dir)
	require.NoError(t, err)
	require.Len(t, sets, 2)
	assert.Equal(t, "days/monday", sets[0].Name)
	assert.Equal(t, "shop/low", sets[1].Name)

	one, err := Load(filepath.Join(dir, "shop", "low"))
	require.NoError(t, err)
	require.Len(t, one, 1)
	assert.Equal(t, "low", one[0].Name)
	one[0].Name = "shop/low"
	assert.Equal(t, sets[1], one[0], "a set does not depend on from where it is read")

	_, err = Load(filepath.Join(dir, "other"))
	require.ErrorIs(t, err, ErrNone)
	_, err = Load(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, os.ErrNotExist)
	write(t, dir, "shop/low/graph.csv", "")
	_, err = Load(dir)
	require.ErrorContains(t, err, filepath.Join("shop", "low"), "one that cannot be read is no reason to leave it out")
}
