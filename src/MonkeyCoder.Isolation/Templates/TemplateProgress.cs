namespace MonkeyCoder.Isolation.Templates;

/// <summary>How far a build is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Message">One line for people.</param>
/// <param name="Percent">0 to 100, of the whole build, estimated; null while waiting for another builder.</param>
public sealed record TemplateProgress(TemplatePhase Phase, string Message, int? Percent);

/// <summary>Parts of a build, in order.</summary>
public enum TemplatePhase
{
    /// <summary>Another process builds the same template.</summary>
    Waiting,

    /// <summary>Lists and packages are fetched.</summary>
    Downloading,

    /// <summary>Packages are unpacked and configured.</summary>
    Installing,

    /// <summary>The recipe's own steps.</summary>
    Customizing,

    /// <summary>Measured, and moved to its place.</summary>
    Finishing,

    /// <summary>Ready for use.</summary>
    Done,
}
