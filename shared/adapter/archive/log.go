package archive

import (
	"context"
	"encoding/json"
	"fmt"

	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// LogPrefix is where all logs of a workspace's generation lie.
func LogPrefix(ns workspace.Namespace) string { return fmt.Sprintf("settle/workspace=%s/", ns) }

func logKey(ns workspace.Namespace, name string) string { return LogPrefix(ns) + name + ".json.zst" }

// PutLog keeps what a committed run writes.
func (a *Archive) PutLog(ctx context.Context, ns workspace.Namespace, name string, l ledger.Log) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode log of run %d: %w", l.Run, err)
	}
	return a.objects.Put(ctx, logKey(ns, name), contentType, a.lines.pack(text))
}

// Log is what a committed run writes; fault.NotFound when there is no such log.
func (a *Archive) Log(ctx context.Context, ns workspace.Namespace, name string) (ledger.Log, error) {
	var logs []ledger.Log
	key := logKey(ns, name)
	for l, err := range read[ledger.Log](ctx, a.objects, key) {
		if err != nil {
			return ledger.Log{}, err
		}
		logs = append(logs, l)
	}
	if len(logs) != 1 || logs[0].Run == 0 {
		return ledger.Log{}, fmt.Errorf("read %s: it holds %d values, want one log of a run", key, len(logs))
	}
	return logs[0], nil
}

// DeleteLog forgets a log; one that is not there is no error.
func (a *Archive) DeleteLog(ctx context.Context, ns workspace.Namespace, name string) error {
	return a.objects.Delete(ctx, logKey(ns, name))
}
