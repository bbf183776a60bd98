package rootcause

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// store is the engine's store in a storage extension.
type store struct {
	client storage.Client
}

// openStore returns the store that the extension named extension keeps for the
// component id of a kind.
func openStore(ctx context.Context, host component.Host, extension component.ID, kind component.Kind, id component.ID) (*store, error) {
	ext, ok := host.GetExtensions()[extension]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not running: configure it and name it in service.extensions", extension)
	}
	s, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q does not store anything: use one such as file_storage", extension)
	}
	client, err := s.GetClient(ctx, kind, id, "")
	if err != nil {
		return nil, fmt.Errorf("storage: extension %q: %w", extension, err)
	}
	return &store{client: client}, nil
}

// Get implements engine.Store.
func (s *store) Get(ctx context.Context, key string) ([]byte, error) { return s.client.Get(ctx, key) }

// Set implements engine.Store.
func (s *store) Set(ctx context.Context, key string, value []byte) error {
	return s.client.Set(ctx, key, value)
}

func (s *store) close(ctx context.Context) error {
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}
