package settle

import "sync"

// each does n things, some at a time, and gives the first error in their order. After an error no new ones are begun.
func each(workers, n int, do func(i int) error) error {
	if workers <= 1 {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		failed  bool
		errs    = make([]error, n)
		free    = make(chan struct{}, workers)
	)
	stop := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return failed
	}
	for i := range n {
		free <- struct{}{}
		if stop() {
			<-free
			break
		}
		running.Go(func() {
			defer func() { <-free }()
			if errs[i] = do(i); errs[i] != nil {
				mu.Lock()
				failed = true
				mu.Unlock()
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
