namespace MonkeyCoder.Kernels.Tests.Driving;

/// <summary>One kernel for the tests of a class that leave it usable. After a test that did not, the next gets a new one.</summary>
public abstract class SharedKernel(string language) : IDisposable
{
    private KernelProcess? _kernel;

    /// <summary>The kernel, at the start of a test.</summary>
    internal KernelProcess Kernel
    {
        get
        {
            if (_kernel is { IsUsable: false })
            {
                _kernel.Dispose();
                _kernel = null;
            }

            return _kernel ??= KernelProcess.Start(language);
        }
    }

    public void Dispose()
    {
        _kernel?.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class PythonKernel() : SharedKernel("python");

public sealed class JavaScriptKernel() : SharedKernel("javascript");

public sealed class BashKernel() : SharedKernel("bash");

public sealed class PythonChecker() : SharedKernel("pythoncheck");
