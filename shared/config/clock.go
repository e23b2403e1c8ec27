package config

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Clock is the clock of a function: now, unless WAYMARK_CLOCK names a file. Then it is the instant in that file, in nanoseconds since 1970, read at
// every call: `waymark cost` plays a day in minutes so. It panics when the file holds no instant, for no number would be right.
func Clock(getenv func(string) string, now func() time.Time) func() time.Time {
	file := getenv("WAYMARK_CLOCK")
	if file == "" {
		return now
	}
	return func() time.Time {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(fmt.Errorf("read clock: %w", err))
		}
		nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			panic(fmt.Errorf("read clock %s: %w", file, err))
		}
		return time.Unix(0, nanoseconds).UTC()
	}
}

// Sleep waits, and gives the context's error when that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
