package incidentexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// storageKey is under which a destination's book is kept.
const storageKey = "incidents"

// openStorage returns the client of a destination, nil where no storage is
// configured.
func openStorage(ctx context.Context, id *component.ID, owner component.ID, host component.Host) (storage.Client, error) {
	if id == nil {
		return nil, nil
	}
	ext, ok := host.GetExtensions()[*id]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not running", id)
	}
	store, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q does not store anything", id)
	}
	client, err := store.GetClient(ctx, component.KindExporter, owner, storageKey)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return client, nil
}
