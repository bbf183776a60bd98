package proc_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/e2e/proc"
)

func TestProcess_saysWhereItsOutputIsWhenItEndsEarly(t *testing.T) {
	log := filepath.Join(t.TempDir(), "p.log")
	p, err := proc.Start(log, os.Environ(), "sh", "-c", "echo no such flag; exit 3")
	require.NoError(t, err)
	err = p.Listens(t.Context(), "127.0.0.1:1")
	require.ErrorContains(t, err, log)
	require.ErrorContains(t, err, "exit status 3")
	require.NoError(t, p.Stop(), "stopping what has ended is no error")
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "no such flag\n", string(text))
}

func TestProcess_stopsByAskingAndKillsAtOnce(t *testing.T) {
	dir := t.TempDir()
	// It says that it was asked, which a kill does not let it.
	const script = `trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done`
	for name, end := range map[string]func(*proc.Process) error{"stop": (*proc.Process).Stop, "kill": (*proc.Process).Kill} {
		log := filepath.Join(dir, name)
		p, err := proc.Start(log, os.Environ(), "sh", "-c", script)
		require.NoError(t, err)
		text := func() string {
			b, err := os.ReadFile(log)
			require.NoError(t, err)
			return string(b)
		}
		require.Eventually(t, func() bool { return text() == "up\n" }, 10*time.Second, time.Millisecond)
		require.NoError(t, end(p))
		require.NoError(t, end(p), "again does nothing")
		assert.Equal(t, map[string]string{"stop": "up\nasked\n", "kill": "up\n"}[name], text())
		assert.NoDirExists(t, fmt.Sprintf("/proc/%d", p.PID()))
	}
}

func TestProcess_listensEndsWithItsContext(t *testing.T) {
	p, err := proc.Start(filepath.Join(t.TempDir(), "p.log"), os.Environ(), "sleep", "60")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Listens(ctx, "127.0.0.1:1"), context.DeadlineExceeded)
	require.NoError(t, p.Kill())
}

func TestFreePorts_differAndAreFree(t *testing.T) {
	ports, err := proc.FreePorts(t.Context(), 5)
	require.NoError(t, err)
	seen := map[int]bool{}
	for _, port := range ports {
		assert.False(t, seen[port])
		seen[port] = true
		lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err)
		require.NoError(t, lis.Close())
	}
	_, err = proc.Port("no port")
	require.Error(t, err)
}
