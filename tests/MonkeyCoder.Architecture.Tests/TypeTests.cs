using System.Reflection;
using System.Runtime.CompilerServices;

namespace MonkeyCoder.Architecture.Tests;

public sealed class TypeTests
{
    private static readonly Assembly[] Assemblies =
    [
        typeof(MonkeyCoder.Contracts.Agent.AgentProtocol).Assembly,
        typeof(MonkeyCoder.Linux.SyscallException).Assembly,
        typeof(MonkeyCoder.Isolation.Sandboxes.SandboxId).Assembly,
        typeof(MonkeyCoder.Client.SandboxClient).Assembly,
        typeof(MonkeyCoder.Cli.MonkeyCli).Assembly,
        Assembly.Load("monkey-agent"),
        Assembly.Load("monkey-sandbox"),
    ];

    [Fact]
    public void InternalClasses_WithoutHeirs_AreSealed()
    {
        var types = Assemblies.SelectMany(static assembly => assembly.GetTypes()).ToArray();
        var inherited = types
            .Select(static type => type.BaseType is { IsGenericType: true } generic ? generic.GetGenericTypeDefinition() : type.BaseType)
            .ToHashSet();
        Offenders.AssertNone(types.Where(type =>
            type is { IsClass: true, IsSealed: false, IsAbstract: false, IsVisible: false }
            && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
            && type.DeclaringType?.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false) != true
            && !type.Name.StartsWith('<')
            && !inherited.Contains(type)).Select(static type => type.FullName));
    }

    [Fact]
    public void OptionsOfTheService_EachClass_HasAValidator()
    {
        var service = Assembly.Load("monkey-sandbox").GetTypes();
        var validated = service
            .SelectMany(static type => type.GetInterfaces())
            .Where(static contract => contract.IsGenericType && contract.Name == "IValidateOptions`1")
            .Select(static contract => contract.GetGenericArguments()[0])
            .ToHashSet();
        Offenders.AssertNone(service
            .Where(static type => type.GetField("Section", BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true })
            .Where(type => !validated.Contains(type))
            .Select(static type => type.FullName));
    }
}
