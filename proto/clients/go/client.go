// Package falco is a client of falco's gRPC API: alerts by subscription, rules, configuration, drops and inputs.
package falco

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/falcosecurity/falco/proto/clients/go/gen/api"
	"github.com/falcosecurity/falco/proto/clients/go/gen/outputs"
	"github.com/falcosecurity/falco/proto/clients/go/gen/version"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// DefaultAddress is where falco listens unless it is told otherwise.
const DefaultAddress = "unix:///run/falco/falco.sock"

const certs = "/etc/falco/certs/"

// Config says which falco, and with which certificates.
type Config struct {
	// Address is unix:///path, or host:port with mutual TLS; DefaultAddress when empty.
	Address string
	// PEM files for host:port; client.crt, client.key and ca.crt in /etc/falco/certs when empty.
	CertFile, KeyFile, CAFile string
	// DialOptions come after the client's own.
	DialOptions []grpc.DialOption
}

// Client is a connection to falco. It connects at the first call and reconnects by itself.
type Client struct {
	// API has every call that this package has no method of its own for.
	API     api.ApiClient
	conn    *grpc.ClientConn
	outputs outputs.ServiceClient
	version version.ServiceClient
}

// RulesRefused is the error of a change of rules in which the validator found errors. Nothing has changed.
type RulesRefused struct {
	Findings []*api.Finding
	// Result is the validator's result as JSON.
	Result string
}

func (e *RulesRefused) Error() string {
	for _, finding := range e.Findings {
		if finding.Severity == "error" {
			return fmt.Sprintf("rules refused: %s: %s", finding.Item, finding.Message)
		}
	}
	return "rules refused"
}

// New makes a client. It reads certificates now, and connects later.
func New(config Config) (*Client, error) {
	address := config.Address
	if address == "" {
		address = DefaultAddress
	}
	creds := insecure.NewCredentials()
	if !strings.HasPrefix(address, "unix:") {
		var err error
		if creds, err = mutualTLS(config); err != nil {
			return nil, err
		}
	}
	options := append([]grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64 << 20)),
	}, config.DialOptions...)
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return &Client{
		API:     api.NewApiClient(conn),
		conn:    conn,
		outputs: outputs.NewServiceClient(conn),
		version: version.NewServiceClient(conn),
	}, nil
}

func mutualTLS(config Config) (credentials.TransportCredentials, error) {
	or := func(file, name string) string {
		if file != "" {
			return file
		}
		return certs + name
	}
	own, err := tls.LoadX509KeyPair(or(config.CertFile, "client.crt"), or(config.KeyFile, "client.key"))
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	authority, err := os.ReadFile(or(config.CAFile, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("certificate authority: no certificate in %s", or(config.CAFile, "ca.crt"))
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own},
		RootCAs:      pool,
		MinVersion:   tls.VersionTLS12,
	}), nil
}

// Close ends the connection and what runs over it.
func (c *Client) Close() error { return c.conn.Close() }

// Version asks for the versions of falco and of its rule engine.
func (c *Client) Version(ctx context.Context) (*version.Response, error) {
	return c.version.Version(ctx, &version.Request{})
}

// Alert is an alert of a resumable subscription.
type Alert struct {
	*outputs.Response
	// Sequence is the position in the server's stream, from 1.
	Sequence uint64
	// Missed alerts before this one are lost to this subscriber.
	Missed uint64
}

// Get yields the alerts that are queued at the server now.
func (c *Client) Get(ctx context.Context) iter.Seq2[*outputs.Response, error] {
	return func(yield func(*outputs.Response, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.outputs.Get(ctx, &outputs.Request{})
		if err != nil {
			yield(nil, err)
			return
		}
		drain(stream, yield)
	}
}

// Sub yields alerts by the published service until the loop is left, ctx ends or the connection breaks.
func (c *Client) Sub(ctx context.Context) iter.Seq2[*outputs.Response, error] {
	return func(yield func(*outputs.Response, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.outputs.Sub(ctx)
		if err == nil {
			err = stream.Send(&outputs.Request{})
		}
		if err != nil {
			yield(nil, err)
			return
		}
		drain(stream, yield)
	}
}

type receiver[T any] interface{ Recv() (T, error) }

// drain yields what the stream has and the error that ended it, and reports whether the loop wants more.
func drain[T any](stream receiver[T], yield func(T, error) bool) {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if !yield(message, err) || err != nil {
			return
		}
	}
}

// Subscribe yields alerts until the loop is left or ctx ends: it reconnects, and goes on where it stopped. Errors
// that another attempt may mend are yielded, too; the loop decides whether to go on.
func (c *Client) Subscribe(ctx context.Context) iter.Seq2[*Alert, error] {
	return func(yield func(*Alert, error) bool) {
		position := &api.OutputsRequest{}
		for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
			before := position.After
			err, more := c.subscribeOnce(ctx, position, yield)
			if !more || ctx.Err() != nil {
				return
			}
			if position.After != before {
				wait = 100 * time.Millisecond
			}
			if err != nil && (!yield(nil, err) || !passing(err)) {
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
}

func (c *Client) subscribeOnce(ctx context.Context, position *api.OutputsRequest, yield func(*Alert, error) bool) (error, bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.API.Outputs(ctx, position)
	for err == nil {
		var message *api.OutputsResponse
		if message, err = stream.Recv(); err != nil {
			break
		}
		position.After = message.Sequence
		if message.Instance != "" {
			position.Instance = message.Instance
		}
		if message.Alert == nil {
			continue
		}
		if !yield(&Alert{message.Alert, message.Sequence, message.Missed}, nil) {
			return nil, false
		}
	}
	if errors.Is(err, io.EOF) {
		return nil, true
	}
	return err, true
}

// passing tells errors that another attempt may mend: the server is away or at its limit.
func passing(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.Internal, codes.Unknown, codes.DeadlineExceeded:
		return true
	}
	return false
}

// CreateRules adds the rules, macros and lists of a rules file's text. revision may be empty.
func (c *Client) CreateRules(ctx context.Context, content, revision string) (*api.RulesChange, error) {
	return accepted(c.API.CreateRules(ctx, &api.WriteRulesRequest{Content: content, Revision: revision}))
}

// UpdateRules replaces rules, macros and lists that were made through the API.
func (c *Client) UpdateRules(ctx context.Context, content, revision string) (*api.RulesChange, error) {
	return accepted(c.API.UpdateRules(ctx, &api.WriteRulesRequest{Content: content, Revision: revision}))
}

// DeleteRules deletes what was made through the API.
func (c *Client) DeleteRules(ctx context.Context, request *api.DeleteRulesRequest) (*api.RulesChange, error) {
	return accepted(c.API.DeleteRules(ctx, request))
}

// EnableRules switches rules on, by name or tag, whatever file defines them.
func (c *Client) EnableRules(ctx context.Context, request *api.SwitchRulesRequest) (*api.RulesChange, error) {
	return accepted(c.API.EnableRules(ctx, request))
}

// DisableRules switches rules off, by name or tag, whatever file defines them.
func (c *Client) DisableRules(ctx context.Context, request *api.SwitchRulesRequest) (*api.RulesChange, error) {
	return accepted(c.API.DisableRules(ctx, request))
}

func accepted(change *api.RulesChange, err error) (*api.RulesChange, error) {
	if err == nil && !change.Applied {
		return nil, &RulesRefused{Findings: change.Findings, Result: change.Result}
	}
	return change, err
}
