using MonkeyCoder.Agent.Files;
using MonkeyCoder.Agent.Kernels;
using MonkeyCoder.Agent.Network;
using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Connections;

/// <summary>Reads the request of a connection and has it done. Whatever comes, the agent goes on.</summary>
internal sealed class RequestDispatcher(
    AgentSettings settings, ProcessRequests processes, FileRequests files, FileTransfers transfers, WatchRequests watches,
    KernelRequests kernels)
{
    private const int MaxErrorLength = 4096;

    private static readonly string AgentVersion = typeof(RequestDispatcher).Assembly.GetName().Version?.ToString(3) ?? "0";

    private delegate T Read<out T>(ref WireReader reader);

    /// <summary>Serves one connection to its end.</summary>
    public void Serve(FrameChannel channel)
    {
        try
        {
            if (channel.TryReceive(out var type, out var payload)) Serve(channel, type, payload.Span);
        }
        catch (AgentFault e)
        {
            Refuse(channel, e.Code, e.Message);
        }
        catch (SyscallException e)
        {
            Refuse(channel, AgentFault.CodeOf(e.Errno), e.Message);
        }
        catch (InvalidDataException e)
        {
            Refuse(channel, AgentErrorCode.InvalidArgument, $"malformed request: {e.Message}");
        }
        catch (ArgumentException e)
        {
            Refuse(channel, AgentErrorCode.InvalidArgument, e.Message);
        }
        catch (OutOfMemoryException)
        {
            Refuse(channel, AgentErrorCode.ResourceExhausted, "the sandbox is out of memory");
        }
#pragma warning disable CA1031 // The top of a thread: a bug in one request must not take PID 1, and so the sandbox, with it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            AgentLog.Write($"a request failed: {e.GetType().Name}: {e.Message}");
            Refuse(channel, AgentErrorCode.Internal, $"the agent failed: {e.GetType().Name}");
        }
    }

    private void Serve(FrameChannel channel, FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Ping:
                channel.TrySend(FrameType.Pong, new AgentInfo(AgentProtocol.Version, AgentVersion));
                break;
            case FrameType.Configure:
                settings.Current = Parse(payload, ConfigureRequest.Read);
                channel.TrySend(FrameType.Ok);
                break;
            case >= FrameType.ProcessStart and <= FrameType.ProcessResize:
                ServeProcess(channel, type, payload);
                break;
            case >= FrameType.FileRead and <= FrameType.FileCompose:
                ServeFile(channel, type, payload);
                break;
            case FrameType.Dial:
                Dialer.Dial(channel, Parse(payload, DialRequest.Read));
                break;
            case FrameType.KernelOpen:
                kernels.Open(channel, Parse(payload, KernelOpenRequest.Read));
                break;
            case FrameType.KernelFork:
                kernels.Fork(channel, Parse(payload, KernelOpenRequest.Read));
                break;
            case FrameType.KernelExecute:
                kernels.Execute(channel, payload);
                break;
            case FrameType.KernelInterrupt:
                kernels.Interrupt(channel, Parse(payload, KernelRequest.Read));
                break;
            case FrameType.KernelClose:
                kernels.Close(channel, Parse(payload, KernelRequest.Read));
                break;
            default:
                throw new InvalidDataException($"Frame type {(byte)type} is no request.");
        }
    }

    private void ServeProcess(FrameChannel channel, FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.ProcessStart:
                processes.Start(channel, Parse(payload, ProcessStartRequest.Read));
                break;
            case FrameType.ProcessConnect:
                processes.Connect(channel, Parse(payload, ProcessSelector.Read));
                break;
            case FrameType.ProcessList:
                processes.List(channel);
                break;
            case FrameType.ProcessInput:
                processes.Input(channel, Parse(payload, ProcessInputRequest.Read));
                break;
            case FrameType.ProcessSignal:
                processes.Signal(channel, Parse(payload, ProcessSignalRequest.Read));
                break;
            case FrameType.ProcessCloseStdin:
                processes.CloseStdin(channel, Parse(payload, ProcessSelector.Read));
                break;
            case FrameType.ProcessResize:
                processes.Resize(channel, Parse(payload, ProcessResizeRequest.Read));
                break;
            default:
                throw new InvalidDataException($"Frame type {(byte)type} is no request.");
        }
    }

    private void ServeFile(FrameChannel channel, FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.FileRead:
                transfers.Read(channel, Parse(payload, FileReadRequest.Read));
                break;
            case FrameType.FileWrite:
                transfers.Write(channel, Parse(payload, FileWriteRequest.Read));
                break;
            case FrameType.FileStat:
                files.Stat(channel, Parse(payload, PathRequest.Read));
                break;
            case FrameType.MakeDirectory:
                files.MakeDirectory(channel, Parse(payload, PathRequest.Read));
                break;
            case FrameType.FileMove:
                files.Move(channel, Parse(payload, MoveRequest.Read));
                break;
            case FrameType.ListDirectory:
                files.List(channel, Parse(payload, ListDirectoryRequest.Read));
                break;
            case FrameType.FileRemove:
                files.Remove(channel, Parse(payload, PathRequest.Read));
                break;
            case FrameType.Watch:
                watches.Watch(channel, Parse(payload, WatchRequest.Read));
                break;
            case FrameType.FileCompose:
                transfers.Compose(channel, Parse(payload, ComposeRequest.Read));
                break;
            default:
                throw new InvalidDataException($"Frame type {(byte)type} is no request.");
        }
    }

    private static T Parse<T>(ReadOnlySpan<byte> payload, Read<T> read)
    {
        var reader = new WireReader(payload);
        var message = read(ref reader);
        return reader.AtEnd ? message : throw new InvalidDataException("The payload is longer than it should be.");
    }

    private static void Refuse(FrameChannel channel, AgentErrorCode code, string message) =>
        channel.TrySend(FrameType.Error, new AgentError(code, message.Length <= MaxErrorLength ? message : message[..MaxErrorLength]));
}
