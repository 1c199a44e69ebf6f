using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MonkeyCoder.Bench.Peers;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Bench.Service;

/// <summary>
/// A server that is not of this machine, as far as the service can tell: in a network namespace with a veth to it. The
/// namespace and the veth are gone with this process, however it ends.
/// </summary>
internal sealed class OutsideServer : IDisposable
{
    /// <summary>Where it is: of a range for documents (RFC 5737), which nobody has.</summary>
    public const string Address = "203.0.113.10";

    /// <summary>What the service has to open (<c>Egress:OpenedNetworks</c>).</summary>
    public const string Range = "203.0.113.0/24";

    /// <summary>Its only port.</summary>
    public const int Port = 7777;

    private const string HereName = "monkey-bench";
    private const string ThereName = "monkey-bench-w";

    private readonly Process _namespace;
    private readonly Socket _listener;

    private OutsideServer(Process holder, Socket listener) => (_namespace, _listener) = (holder, listener);

    /// <summary>Starts listening.</summary>
    /// <exception cref="InvalidOperationException">The network cannot be set up: not root, or another one is running.</exception>
    public static async Task<OutsideServer> StartAsync(CancellationToken cancellationToken)
    {
        // cat answers once unshare has become it, and ends when this process does.
        var holder = Command.Start("unshare", ["--net", "--", "cat"]);
        try
        {
            await holder.StandardInput.WriteLineAsync("ready");
            await holder.StandardInput.FlushAsync(cancellationToken);
            if (await holder.StandardOutput.ReadLineAsync(cancellationToken) is null) throw new InvalidOperationException("unshare made no network namespace.");
            var pid = holder.Id.ToString(CultureInfo.InvariantCulture);
            string[] inside = ["--net=/proc/" + pid + "/ns/net", "--", "ip"];
            await Command.RunAsync("ip", ["link", "add", HereName, "type", "veth", "peer", "name", ThereName, "netns", pid], cancellationToken);
            await Command.RunAsync("ip", ["address", "add", "203.0.113.1/24", "dev", HereName], cancellationToken);
            await Command.RunAsync("ip", ["link", "set", HereName, "up"], cancellationToken);
            await Command.RunAsync("nsenter", [.. inside, "address", "add", Address + "/24", "dev", ThereName], cancellationToken);
            await Command.RunAsync("nsenter", [.. inside, "link", "set", ThereName, "up"], cancellationToken);
            using var process = Libc.OpenPidfd(holder.Id);
#pragma warning disable CA2000 // Goes to the caller.
            return new OutsideServer(holder, Listen(Libc.OpenSockets(process, [SocketKind.Tcp])[0]));
#pragma warning restore CA2000
        }
        catch
        {
            End(holder);
            throw;
        }
    }

    /// <summary>The next connection.</summary>
    public Task<Socket> AcceptAsync(CancellationToken cancellationToken) => _listener.AcceptAsync(cancellationToken).AsTask();

    public void Dispose()
    {
        // The kernel takes the link away some time after the namespace; the next server needs its name at once.
        using (var delete = Command.Start("ip", ["link", "delete", HereName])) delete.WaitForExit();
        // It keeps the namespace too.
        _listener.Dispose();
        End(_namespace);
    }

    private static void End(Process holder)
    {
        holder.Kill();
        holder.WaitForExit();
        holder.Dispose();
    }

    private static Socket Listen(FileDescriptor descriptor)
    {
#pragma warning disable CA2000 // The socket owns it.
        var handle = new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true);
#pragma warning restore CA2000
        descriptor.SetHandleAsInvalid();
        var socket = new Socket(handle);
        socket.Bind(new IPEndPoint(IPAddress.Parse(Address), Port));
        socket.Listen();
        return socket;
    }
}
