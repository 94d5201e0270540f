"""Words that look like a slip in one that `spelling` knows, and are words of their own: "madre" is not "mande"."""

from __future__ import annotations

_WORDS = """
    alain aline along apaga apagam apagan apagao apagou apaguei apegar autoriza autorizou bacia bafta
    bahia baiao baila baita baixar baixas baixe baixo balsa barrar barren basal basan basar bastam
    bastan bastao basto batia besta black blocks bloco bloke bloque bloquean bloquee bloqueia bloqueiam
    bloqueio bloqueo bloques borra borran borre borron bosta bothers brock brother cadastre cancelan
    canceled cancelei cancelo cancels cancer candela canela carcel carmem catastro cellar cellular
    celula celulas chamam chame chamei cheap cheat checa chegam chegar chego cheia cheng ciega constatar
    contacta contacte contactos contactou contacts contado contagem contame contanto contare contarem
    contarte contaste contatos content contract contracting contrae contratar contrate contrato convent
    dadas damos danos dardos dared darei darem dares darle daros darse darte darts datas dates davos
    deben debia decia dedos deita deixam deixar deixas deixe deixei deixes deixo dejad dejan dejara
    dejare dejas dejeme dejes delegar deleite deleted delia dende denim denle dense denso dente desce
    desco desde desea desee deseja deseje desejos desejou deseos despejo desse deste detail devia ditos
    doados dorme dutos elimina eliminan elimino encerra encerram enfia enfiando enfiar enterrar enviado
    enviam envian enviara enviaram enviarle enviarte envias enviei envio envios ernie escreve escrevem
    escreves escreveu escribano escribas escribe escriben escribi escribia escribian escribio escribire
    escribirle escribo escrita esquecas esquece esquecem esqueci esqueco esquema etnia exclui excluiu
    excusa fator favors favour feira fiera flavor fueran fueras fuere fuero fuerza furia gostaram
    gostariam grupos guapo gustaria incluir incomoda incomodam incomodas incomodo insistem insistia
    interesaba interesadas interesados interese interesen intereses interessa interessada interessado
    interessei interesses interesso interests interrompe interrompeu lease leaves linger lisas listar
    listo listos listras lists llaman llame llames llave llegue llegues lleve loner longe longed madden
    madre madres magda magna maiden maine malestar manada manas mandado mandam mandame mandan mandaram
    mandarem mandarim mandarle mandarte mandas mandei mando mandos mandy manga manha mania manjar mansa
    manta mante mantem manten massage massages maude mazda meade mendes mensaje milling molesta
    molestado molestan molestas moleste molested molestia molestos monde nevera neves newer notification
    numbers numeros oferta pagar parada parade parado param paran paras parda pardo pared parei parent
    pareo pares paria parir parla parma parra parry parta parte partem parten parva pasar pasen perturba
    phoned phones phony pirar pleads pleas pleased pleases porem precios preciosa precisan precisao
    precisar precisas precise precisem preciso premisa promotion prone propagandas publicidade quebra
    quebre quebro quedo queer queima queira queixa quejo quemo quenia quere queriam querian querias
    querida querra querria query queso quiebre quien quier quiera quieren quieres quieto quisieran
    quisieras quita quitan quitara quitarle quitarse quitarte quitas quite quites reboco recebe recebem
    recebera recebes recebeu recebi received receiver receives recibi recibia recibio recibira recibo
    recover remota remote removal removed removes removeu renova retira retiram retiran revogou revoked
    sacarle sacarse sacarte salia salim salio salis samir saque saquei saqueo saques seeding sender
    sensing slamming spending stair subscribed subscriber subscriptions suspende suspended suspenden
    suspendeu telefones telefonos telefonou tents terem testing tests tetas tetos texas texto textos
    tiram tiran tiras tired tirei tiren tires traem volar volcar volta voltam voltara voltas voltea
    voltear volvera volvere volves votar withdrawn withdraws withdrew wrongs
"""
ALIKE = frozenset(_WORDS.split())
