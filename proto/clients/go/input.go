package falco

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/falcosecurity/falco/proto/clients/go/gen/api"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// window is how many events may be sent and not yet acknowledged before Send waits.
const window = 4096

// Fields are an event's values by name: string, bool, uint64, int (not negative) or a slice of one of these.
type Fields map[string]any

// Input is an open source of events. Its methods are for one goroutine.
type Input struct {
	stream interface {
		Send(*api.InputsRequest) error
		CloseSend() error
	}
	next  uint64
	done  chan struct{}
	mutex sync.Mutex
	moved *sync.Cond
	state *api.InputsResponse
	err   error
	ended bool
}

// Input declares a source. refused, which may be nil, is told of each event that the server refused.
func (c *Client) Input(ctx context.Context, source string, fields []*api.Field, refused func(*api.Refusal)) (*Input, error) {
	stream, err := c.API.Inputs(ctx)
	if err == nil {
		err = stream.Send(&api.InputsRequest{Declare: &api.Declaration{Source: source, Fields: fields}})
	}
	if err != nil {
		return nil, err
	}
	input := &Input{stream: stream, next: 1, done: make(chan struct{}), state: &api.InputsResponse{}}
	input.moved = sync.NewCond(&input.mutex)
	go input.read(stream, refused)
	return input, nil
}

func (i *Input) read(stream receiver[*api.InputsResponse], refused func(*api.Refusal)) {
	defer close(i.done)
	for {
		reply, err := stream.Recv()
		i.mutex.Lock()
		if err == nil {
			i.state = reply
		} else {
			i.ended = true
			if !errors.Is(err, io.EOF) {
				i.err = err
			}
		}
		i.moved.Broadcast()
		i.mutex.Unlock()
		if err != nil {
			return
		}
		for _, one := range reply.Refusals {
			if refused != nil {
				refused(one)
			}
		}
	}
}

// Send sends an event and returns its id; it waits while the server is behind.
func (i *Input) Send(fields Fields, at time.Time) (uint64, error) {
	values := make(map[string]*api.Value, len(fields))
	for name, given := range fields {
		value, err := valueOf(given)
		if err != nil {
			return 0, fmt.Errorf("field %s: %w", name, err)
		}
		values[name] = value
	}
	i.mutex.Lock()
	for i.next-i.state.Through > window && !i.ended {
		i.moved.Wait()
	}
	ended := i.ended
	i.mutex.Unlock()
	if ended {
		return 0, i.failure()
	}
	id := i.next
	i.next++
	event := &api.Event{Id: id, Time: timestamppb.New(at), Fields: values}
	if err := i.stream.Send(&api.InputsRequest{Events: []*api.Event{event}}); err != nil {
		// The stream's own error says why.
		<-i.done
		return 0, i.failure()
	}
	return id, nil
}

// Close ends the input when everything sent is acknowledged. It returns how many events were taken and refused.
func (i *Input) Close() (accepted, refused uint64, err error) {
	if err := i.stream.CloseSend(); err != nil {
		return 0, 0, err
	}
	<-i.done
	return i.state.Accepted, i.state.Refused, i.err
}

func (i *Input) failure() error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.err != nil {
		return i.err
	}
	return io.ErrClosedPipe
}

func valueOf(given any) (*api.Value, error) {
	switch value := given.(type) {
	case string:
		return &api.Value{Kind: &api.Value_Text{Text: value}}, nil
	case bool:
		return &api.Value{Kind: &api.Value_Truth{Truth: value}}, nil
	case uint64:
		return &api.Value{Kind: &api.Value_Number{Number: value}}, nil
	case int:
		if value < 0 {
			return nil, fmt.Errorf("%d is negative", value)
		}
		return &api.Value{Kind: &api.Value_Number{Number: uint64(value)}}, nil
	case []string:
		return listOf(value)
	case []uint64:
		return listOf(value)
	case []bool:
		return listOf(value)
	}
	return nil, fmt.Errorf("%T is no type of a field", given)
}

func listOf[T any](given []T) (*api.Value, error) {
	list := &api.ValueList{}
	for _, one := range given {
		value, err := valueOf(one)
		if err != nil {
			return nil, err
		}
		list.Values = append(list.Values, value)
	}
	return &api.Value{Kind: &api.Value_List{List: list}}, nil
}
