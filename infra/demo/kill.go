package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	killEvery = 150 * time.Millisecond
)

// killer kills the running Process binary, as a crash would, while events are on their way.
type killer struct {
	cancel context.CancelFunc
	done   chan struct{}
	killed int
	want   int
	err    error
}

func startKiller(ctx context.Context, c Config) (*killer, error) {
	if c.System.AdminURL == "" {
		return nil, fmt.Errorf("--kill-process needs the admin address of the system: set WAYMARK_ADMIN_URL or let the demo start the system")
	}
	inner, cancel := context.WithCancel(ctx)
	k := &killer{cancel: cancel, done: make(chan struct{}), want: c.Kills}
	go func() {
		defer close(k.done)
		k.err = k.run(inner, c)
	}()
	return k, nil
}

// run ends when all kills are done or ctx ends. A process is killed at most once: a pid that stays in the list for a moment is passed over.
func (k *killer) run(ctx context.Context, c Config) error {
	dead := map[int]bool{}
	for k.killed < k.want {
		pids, err := processPIDs(ctx, c)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if dead[pid] {
				continue
			}
			process, err := os.FindProcess(pid)
			if err == nil {
				err = process.Kill()
			}
			dead[pid] = true
			if err == nil {
				k.killed++
			}
			break
		}
		if c.Pause(ctx, killEvery) != nil {
			return nil
		}
	}
	return nil
}

// stop ends the killing and says how often it succeeded. Fewer kills than wanted is an error: the proof was not made.
func (k *killer) stop() (int, error) {
	k.cancel()
	<-k.done
	if k.err != nil {
		return k.killed, fmt.Errorf("kill the process binary: %w", k.err)
	}
	if k.killed < k.want {
		return k.killed, fmt.Errorf("the events were processed before the process binary could be killed %d times (%d); kill it less often", k.want, k.killed)
	}
	return k.killed, nil
}

func processPIDs(ctx context.Context, c Config) ([]int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.System.AdminURL, "/")+"/status", nil)
	if err != nil {
		return nil, err
	}
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below; nothing is lost
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var said struct {
		Functions map[string]struct {
			PIDs []int `json:"pids"`
		} `json:"functions"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, fmt.Errorf("read admin status: %w", err)
	}
	return said.Functions["Process"].PIDs, nil
}
