package query

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/quality"
)

// readersAtOnce bounds how many calls wait for a store at a time, and objectsAtOnce how many objects are held before they are counted.
const (
	readersAtOnce = 32
	objectsAtOnce = 32
)

// scanArchive reads the archive's objects of the days that the tally needs, until it needs no more. Objects are counted in the order of their
// keys, so that the same archive gives the same report.
func (h *Handler) scanArchive(ctx context.Context, t *quality.Tally, asked reading) error {
	seen, read := map[string]bool{}, map[string]bool{}
	for {
		days := unseen(t.Needs(), seen)
		if len(days) == 0 {
			return nil
		}
		keys, err := h.objectsOf(ctx, t.Workspace, days)
		if err != nil {
			return err
		}
		keys = unseen(keys, read)
		if len(read) > maxQualityObjects {
			return tooMuch("objects of the archive", maxQualityObjects)
		}
		for chunk := range slices.Chunk(keys, objectsAtOnce) {
			if err := h.scanObjects(ctx, t, asked, chunk); err != nil {
				return err
			}
			if t.Len() > maxQualityCopies {
				return tooMuch("archived events", maxQualityCopies)
			}
		}
	}
}

// scanWaiting counts the accepted events that are not in the archive yet, page by page.
func (h *Handler) scanWaiting(ctx context.Context, t *quality.Tally, asked reading, state ledger.State) error {
	for from, more := state.Cursor, true; more; {
		batches, next, err := h.Ledger.Batches(ctx, asked.ns, from, maxWaiting)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, b := range batches {
			if state.IsSettled(b.Handle) {
				continue
			}
			for _, record := range b.Events {
				t.Accept(asked.copyOf(record))
			}
		}
		if t.Len() > maxQualityCopies {
			return tooMuch("accepted events", maxQualityCopies)
		}
		from, more = next, next != ""
	}
	return nil
}

// unseen gives those that are new, and notes them.
func unseen(all []string, seen map[string]bool) []string {
	var fresh []string
	for _, one := range all {
		if !seen[one] {
			seen[one] = true
			fresh = append(fresh, one)
		}
	}
	return fresh
}

// objectsOf lists the objects of the events of some days, by the device's time or that of receipt, sorted.
func (h *Handler) objectsOf(ctx context.Context, ws string, days []string) ([]string, error) {
	lists := make([][]string, len(days))
	err := atOnce(len(days), func(i int) error {
		others, err := h.Index.ArchiveIndex(ctx, ws, days[i])
		if err != nil {
			return err
		}
		for _, day := range append(others, days[i]) {
			keys, err := h.Archive.Arrived(ctx, ws, day)
			if err != nil {
				return err
			}
			lists[i] = append(lists[i], keys...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list objects of the archive: %w", err)
	}
	keys := slices.Concat(lists...)
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// scanObjects counts some objects. One that is listed and not there was replaced meanwhile: the report must be made anew.
func (h *Handler) scanObjects(ctx context.Context, t *quality.Tally, asked reading, keys []string) error {
	copies := make([][]quality.Copy, len(keys))
	err := atOnce(len(keys), func(i int) error {
		for record, err := range h.Archive.Read(ctx, keys[i]) {
			if err != nil {
				return err
			}
			copies[i] = append(copies[i], asked.copyOf(record))
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return fault.Wrap(fault.Unavailable, "archive_replaced", err)
	}
	if err != nil {
		return err
	}
	for _, list := range copies {
		for _, c := range list {
			t.Accept(c)
		}
	}
	return nil
}

// atOnce does n things, some at a time, and gives the first error in their order.
func atOnce(n int, do func(i int) error) error {
	var (
		errs = make([]error, n)
		free = make(chan struct{}, readersAtOnce)
		wg   sync.WaitGroup
	)
	for i := range n {
		free <- struct{}{}
		wg.Go(func() {
			errs[i] = do(i)
			<-free
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
