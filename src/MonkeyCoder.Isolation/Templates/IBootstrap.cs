namespace MonkeyCoder.Isolation.Templates;

/// <summary>Makes a root filesystem from a recipe.</summary>
internal interface IBootstrap
{
    /// <summary>Returns the exit code of what made it; 0 is success. A cancelled run has ended when this throws.</summary>
    /// <param name="recipe">What is asked for.</param>
    /// <param name="recipeCopy">Copy of the recipe's files to run hooks from.</param>
    /// <param name="rootPath">Directory to make.</param>
    /// <param name="output">Gets every line of output, one at a time.</param>
    /// <param name="cancellationToken">Kills the run.</param>
    /// <exception cref="TemplateBuildException">The host lacks what is needed.</exception>
    Task<int> RunAsync(
        TemplateRecipe recipe, string recipeCopy, string rootPath, Action<string> output, CancellationToken cancellationToken);
}
